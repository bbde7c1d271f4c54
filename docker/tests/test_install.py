"""The installer's own logic, with a `docker` on PATH that only records how it was called.

That containers start is not shown here: that takes an engine. Questions are asked on a pseudo-terminal.
"""

import http.server
import json
import os
import pty
import re
import select
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

DOCKER = Path(__file__).resolve().parent.parent
INSTALL = DOCKER / "install.sh"

FAKE_DOCKER = """#!/usr/bin/env python3
import json, os, sys
args = sys.argv[1:]
call = {"args": args, "env": {k: v for k, v in os.environ.items() if k.startswith("PORTA_")}}
if "provision" in args or "init" in args:
    call["stdin"] = sys.stdin.read()
with open(os.environ["FAKE_LOG"], "a") as log:
    log.write(json.dumps(call) + "\\n")
if args[:1] == ["ps"]:
    print(os.environ.get("FAKE_PORTS", ""))
if "init" in args:
    secret = None if os.environ.get("FAKE_REPAIR") else "5ecret"
    print(json.dumps({"cliClientId": "c-l_i", "guiClientId": "g-u_i", "guiClientSecret": secret, "roles": 5}, indent=2))
if args[:2] == ["volume", "inspect"]:
    sys.exit(0 if os.environ.get("FAKE_VOLUME") else 1)
if os.environ.get("FAKE_FAIL") and os.environ["FAKE_FAIL"] in " ".join(args):
    sys.exit(7)
"""


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


class Installer(unittest.TestCase):
    def setUp(self):
        self.at = Path(tempfile.mkdtemp(prefix="porta-install-"))
        self.addCleanup(shutil.rmtree, self.at)
        (self.at / "bin").mkdir()
        fake = self.at / "bin/docker"
        fake.write_text(FAKE_DOCKER)
        fake.chmod(0o755)
        self.dir = self.at / "porta"
        self.env = {
            "PATH": f"{self.at}/bin:{os.environ['PATH']}",
            "HOME": str(self.at),
            "FAKE_LOG": str(self.at / "calls"),
            "PORTA_INSTALL_WAIT": "2",
        }
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.port = str(self.server.server_address[1])

    def run_script(self, *args, piped=True, umask=-1, **env):
        """As in `curl … | bash -s -- ARGS`, without a terminal: setsid takes the controlling one away."""
        command = ["setsid", "-w", "bash", *(["-s", "--"] if piped else [str(INSTALL)]), *args]
        return subprocess.run(
            command,
            input=INSTALL.read_text() if piped else "",
            env={**self.env, **env},
            cwd=self.at,
            capture_output=True,
            text=True,
            timeout=60,
            umask=umask,
        )

    def good(self, *extra):
        return ["-d", str(self.dir), "-u", "https://id.acme.example", "--smtp-host", "smtp.acme.example",
                "-p", self.port, *extra]

    def install(self, *extra, **env):
        done = self.run_script(*self.good(*extra), **env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def refused(self, text, *args, **env):
        done = self.run_script(*args, **env)
        self.assertNotEqual(done.returncode, 0, f"{args} was accepted: {done.stdout}")
        self.assertIn(text, done.stderr)
        return done

    def settings(self):
        lines = [line for line in (self.dir / ".env").read_text().splitlines() if not line.startswith("#")]
        self.assertEqual(len({line.split("=", 1)[0] for line in lines}), len(lines), "nothing is set twice")
        return {name: value.strip("'") for name, value in (line.split("=", 1) for line in lines)}

    def calls(self):
        log = self.at / "calls"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def did(self, *words):
        return any(all(word in call["args"] for word in words) for call in self.calls())


class Writes(Installer):
    def test_files_and_their_modes(self):
        self.install("--no-start")
        self.assertEqual(stat.S_IMODE((self.dir / ".env").stat().st_mode), 0o600)
        settings = self.settings()
        self.assertEqual(settings["ISSUER_BASE_URL"], "https://id.acme.example")
        self.assertEqual(settings["SMTP_FROM"], "noreply@id.acme.example")
        self.assertEqual((settings["NODE_ENV"], settings["TRUST_PROXY"], settings["TRUST_PROXY_HOPS"]), ("production", "true", "1"))
        self.assertEqual(settings["BIND"], "127.0.0.1", "nobody elsewhere reaches the port unless told")
        self.assertEqual(settings["PORTA_AUTO_MIGRATE"], "false")
        keys = [settings[name] for name in ("COOKIE_KEYS", "SIGNING_KEY_ENCRYPTION_KEY", "TWO_FACTOR_ENCRYPTION_KEY", "ADMIN_SESSION_SECRET")]
        self.assertEqual(len(set(keys)), 4)
        for key in keys:
            self.assertRegex(key, r"^[0-9a-f]{64}$")
        compose = (self.dir / "docker-compose.yml").read_text()
        for secret in [*keys, settings["POSTGRES_PASSWORD"]]:
            self.assertNotIn(secret, compose)
        self.assertTrue((self.dir / "init-test-db.sql").exists())
        self.assertFalse(any("compose" in call["args"] for call in self.calls()), "nothing was started")

    def test_what_containers_read_is_readable_whatever_the_umask(self):
        done = self.run_script(*self.good("--no-start"), umask=0o077)
        self.assertEqual(done.returncode, 0, done.stderr)
        modes = {name: stat.S_IMODE((self.dir / name).stat().st_mode) for name in ("templates", "init-test-db.sql", ".env")}
        self.assertEqual(modes, {"templates": 0o755, "init-test-db.sql": 0o644, ".env": 0o600})

    def test_a_proxy_on_this_machine_is_believed_and_no_other(self):
        for args, believed in [([], "172.16.77.1/32"), (["--bind", "127.0.0.1"], "172.16.77.1/32"),
                               (["--bind", "10.1.2.3"], "172.16.77.1/32,10.1.2.3/32"),
                               (["--subnet", "10.9.0.0/16", "--bind", "0.0.0.0"], "10.9.0.1/32")]:
            with self.subTest(args):
                self.install("--no-start", "--force", *args)
                self.assertEqual(self.settings()["TRUST_PROXY_CIDRS"], believed)
        self.assertEqual(self.settings()["PORTA_SUBNET"], "10.9.0.0/16")

    def test_compose_file_is_the_shipped_one(self):
        self.install("--no-start")
        shipped = (DOCKER / "docker-compose.prod.yml").read_text().splitlines()
        bare = [line for line in shipped if not re.match(r"\s*#", line)]
        self.assertEqual((self.dir / "docker-compose.yml").read_text().strip(), "\n".join(bare).strip())

    def test_every_variable_of_the_compose_file_has_a_value(self):
        self.install("--no-start")
        settings = self.settings()
        for name, default in re.findall(r"\$\{([A-Z_]+)(:[-?][^}]*)?\}", (self.dir / "docker-compose.yml").read_text()):
            self.assertTrue(name in settings or default.startswith(":-"), name)

    def test_no_proxy_and_hops(self):
        self.install("--no-start", "--no-proxy")
        self.assertEqual(self.settings()["TRUST_PROXY"], "false")
        self.assertNotIn("TRUST_PROXY_HOPS", self.settings())
        self.install("--no-start", "--force", "--trust-proxy-hops", "2")
        self.assertEqual((self.settings()["TRUST_PROXY"], self.settings()["TRUST_PROXY_HOPS"]), ("true", "2"))

    def test_evaluation(self):
        self.install("--no-start", "-u", "http://box.lan:3000", "--allow-http")
        self.assertEqual((self.settings()["NODE_ENV"], self.settings()["TRUST_PROXY"]), ("development", "false"))
        shutil.rmtree(self.dir)
        done = self.run_script("-d", str(self.dir), "-u", "http://localhost:3000", "--skip-smtp", "--no-start", "-p", self.port)
        self.assertEqual(done.returncode, 0, done.stderr)
        settings = self.settings()
        self.assertEqual((settings["SMTP_HOST"], settings["COMPOSE_PROFILES"], settings["TRUST_PROXY"]), ("mailhog", "dev", "false"))

    def test_answers_and_secrets_are_kept_with_force(self):
        self.install("--no-start", "--smtp-user", "me", "--smtp-pass", "pa$$ \"word\" #1")
        before = self.settings()
        self.assertEqual(before["SMTP_PASS"], "pa$$ \"word\" #1")
        done = self.run_script("-d", str(self.dir), "--no-start", "--force", "--smtp-port", "465")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.settings(), {**before, "SMTP_PORT": "465"})

    def change(self, *lines):
        with open(self.dir / ".env", "a") as env:
            env.writelines(f"{line}\n" for line in lines)

    def backups(self):
        return [path for path in self.dir.glob(".env.*")]

    def test_what_an_operator_added_is_kept_with_force(self):
        self.install("--no-start")
        own = ["# ours", "PORTA_INSTANCE=blue", "METRICS_BIND=127.0.0.1:9464", "ADMIN_PUBLIC_URL=https://admin.acme.example",
               "SMTP_TLS=starttls", "COMPOSE_PROFILES=admin"]
        self.change(*own)
        text = (self.dir / ".env").read_text().replace("TRUST_PROXY_CIDRS=172.16.77.1/32", "TRUST_PROXY_CIDRS=10.0.0.8/32")
        (self.dir / ".env").write_text(text)
        before = self.settings()
        for _ in range(2):
            self.install("--no-start", "--force")
            self.assertEqual(self.settings(), before)
            self.assertIn("# ours\n", (self.dir / ".env").read_text())

    def test_the_file_before_is_kept_for_one_reader(self):
        self.install("--no-start")
        before = (self.dir / ".env").read_text()
        self.install("--no-start", "--force")
        self.assertEqual(self.backups(), [], "nothing changed")
        done = self.install("--no-start", "--force", "--fresh")
        backup, = self.backups()
        self.assertEqual((backup.read_text(), stat.S_IMODE(backup.stat().st_mode)), (before, 0o600))
        self.assertIn(backup.name, done.stdout)

    def test_an_evaluation_becomes_a_production_of_its_own(self):
        done = self.run_script("-d", str(self.dir), "-u", "http://box.lan:3000", "--allow-http", "--skip-smtp", "--no-start",
                               "-p", self.port)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.change("LOG_LEVEL=warn")
        before = self.settings()
        done = self.run_script("-d", str(self.dir), "--force", "--no-start", "-u", "https://id.acme.example",
                               "--smtp-host", "smtp.acme.example")
        self.assertEqual(done.returncode, 0, done.stderr)
        after = self.settings()
        names = ("NODE_ENV", "SMTP_HOST", "SMTP_PORT", "SMTP_FROM", "TRUST_PROXY", "TRUST_PROXY_HOPS", "TRUST_PROXY_CIDRS", "LOG_LEVEL")
        self.assertEqual([after[name] for name in names],
                         ["production", "smtp.acme.example", "587", "noreply@id.acme.example", "true", "1", "172.16.77.1/32", "warn"])
        for name in ("SMTP_TLS", "COMPOSE_PROFILES"):
            self.assertNotIn(name, after)
        self.assertEqual(before["COOKIE_KEYS"], after["COOKIE_KEYS"])
        self.assertIn("server_name id.acme.example;", done.stdout)

    def test_a_chosen_sender_stays_and_a_derived_one_follows_the_issuer(self):
        self.install("--no-start")
        for args, sender in [(["-u", "https://login.acme.example"], "noreply@login.acme.example"),
                             (["--smtp-from", "noreply@id.acme.example"], "noreply@id.acme.example"),
                             (["-u", "https://sso.acme.example"], "noreply@id.acme.example")]:
            done = self.run_script("-d", str(self.dir), "--force", "--no-start", *args)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.settings()["SMTP_FROM"], sender)

    def test_no_proxy_is_an_answer_that_is_kept(self):
        self.install("--no-start", "--no-proxy")
        self.install("--no-start", "--force")
        self.assertEqual(self.settings()["TRUST_PROXY"], "false")

    def test_fresh_forgets(self):
        self.install("--no-start")
        before = self.settings()
        self.install("--no-start", "--force", "--fresh")
        for name in ("POSTGRES_PASSWORD", "COOKIE_KEYS", "SIGNING_KEY_ENCRYPTION_KEY", "TWO_FACTOR_ENCRYPTION_KEY"):
            self.assertNotEqual(before[name], self.settings()[name])
        self.refused("--issuer-url", "-d", str(self.dir), "--no-start", "--force", "--fresh", "--smtp-host", "a.b")

    def test_a_free_port_is_found(self):
        blocked = socket.socket()
        self.addCleanup(blocked.close)
        try:
            blocked.bind(("127.0.0.1", 3000))
            blocked.listen()
        except OSError:
            pass  # Somebody else listens there, which is as good.
        done = self.run_script("-d", str(self.dir), "-u", "https://id.acme.example", "--smtp-host", "a.b", "--no-start",
                               FAKE_PORTS="0.0.0.0:3001->3000/tcp, :::3002->80/tcp")
        self.assertEqual(done.returncode, 0, done.stderr)
        port = int(self.settings()["PORT"])
        self.assertTrue(3003 <= port < 3200, port)


class Refuses(Installer):
    def test_bad_values(self):
        for text, args in [
            ("--dir", ["-d", str(INSTALL)]),
            ("--port", ["-p", "0"]), ("--port", ["-p", "65536"]), ("--port", ["-p", "http"]), ("--port", ["-p", "3000;id"]),
            ("--bind", ["--bind", "everywhere"]), ("--bind", ["--bind", "1.2.3.4 "]),
            ("--issuer-url", ["-u", "id.acme.example"]), ("--issuer-url", ["-u", "https://id.acme.example/path"]),
            ("--issuer-url", ["-u", "https://id.acme.example?x"]), ("--issuer-url", ["-u", "https://a b"]),
            ("--issuer-url", ["-u", "ftp://id.acme.example"]), ("--issuer-url", ["-u", "https://$(id)"]),
            ("https", ["-u", "http://id.acme.example"]), ("https", ["-u", "http://localhost.evil.example"]),
            ("--trust-proxy-hops", ["--trust-proxy-hops", "0"]), ("--trust-proxy-hops", ["--trust-proxy-hops", "17"]),
            ("--subnet", ["--subnet", "172.16.77.0"]), ("--subnet", ["--subnet", "fd00::/64"]), ("--subnet", ["--subnet", "10.0.0.0/8"]),
            ("exclude each other", ["--no-proxy", "--trust-proxy-hops", "1"]),
            ("--smtp-host", ["--smtp-host", "smtp://x"]), ("the container", ["--smtp-host", "localhost"]),
            ("the container", ["--smtp-host", "127.0.0.1"]),
            ("--smtp-port", ["--smtp-port", "smtp"]), ("--smtp-pass", ["--smtp-user", "me"]),
            ("--smtp-user", ["--smtp-pass", "x"]), (".env", ["--smtp-user", "o'hara", "--smtp-pass", "x"]),
            ("--smtp-from", ["--smtp-from", "nobody"]),
            ("exclude each other", ["--skip-smtp"]),
            ("--postgres-password", ["--postgres-password", "sh0rt"]),
            ("--postgres-password", ["--postgres-password", "long-enough-but@host"]),
            ("--image", ["--image", "Porta Latest"]), ("--image", ["--image", "-x"]),
            ("--admin-password", ["--admin-email", "a@b.example"]), ("--admin-email", ["--admin-password", "x"]),
            ("--admin-email", ["--admin-email", "a\"b", "--admin-password", "x"]),
            ("--admin-given-name", ["--admin-email", "a@b.example", "--admin-password", "x", "--admin-given-name", "A\"\n"]),
            ("unknown option", ["--frobnicate"]), ("unknown option", ["porta"]),
            ("needs a value", ["--smtp-host"]), ("needs a value", ["--admin-email", ""]),
        ]:
            with self.subTest(args=args):
                self.refused(text, *self.good("--no-start"), *args)
                self.assertFalse((self.dir / ".env").exists(), "nothing was written")

    def test_without_a_terminal_what_is_missing_is_named(self):
        self.refused("--issuer-url is needed", "-d", str(self.dir), "--no-start")
        self.refused("--smtp-host is needed", "-d", str(self.dir), "--no-start", "-u", "https://id.acme.example")
        self.refused("--skip-smtp is for evaluation", "-d", str(self.dir), "--no-start", "-u", "https://id.acme.example", "--skip-smtp")

    def test_existing_files_stay(self):
        for name in (".env", "docker-compose.yml"):
            self.dir.mkdir(exist_ok=True)
            (self.dir / name).write_text("mine")
            self.refused("--force", *self.good("--no-start"))
            self.assertEqual((self.dir / name).read_text(), "mine")
            (self.dir / name).unlink()
        self.install("--no-start")
        self.refused("--fresh needs --force", *self.good("--no-start", "--fresh"))

    def test_missing_docker(self):
        for what, env in [("docker does not answer", {"FAKE_FAIL": "info"}), ("version 2", {"FAKE_FAIL": "compose version"})]:
            with self.subTest(what):
                self.refused(what, *self.good(), **env)
                self.assertFalse((self.dir / ".env").exists())

    def test_a_volume_of_another_installation(self):
        self.refused("porta_postgres_data", *self.good(), FAKE_VOLUME="1")
        self.assertFalse((self.dir / ".env").exists())
        self.install()
        self.install("--force", FAKE_VOLUME="1")
        self.refused("porta_postgres_data", *self.good("--force", "--fresh"), FAKE_VOLUME="1")

    def test_a_failing_step_names_its_line(self):
        done = self.refused(": line ", *self.good(), FAKE_FAIL="migrate up")
        self.assertIn("Migrations", done.stderr)
        self.assertFalse(self.did("provision"))

    def test_a_server_that_does_not_answer(self):
        self.server.shutdown()
        self.server.server_close()
        self.refused("does not answer", *self.good())


class Starts(Installer):
    def test_order(self):
        self.install()
        steps = [call["args"][5:] for call in self.calls() if call["args"][:2] == ["compose", "--project-directory"]]
        self.assertEqual(steps, [
            ["up", "-d", "--wait", "--wait-timeout", "120", "postgres", "redis"],
            ["run", "--rm", "-T", "porta", "porta", "migrate", "up"],
            ["up", "-d"],
        ])

    def test_the_first_person_comes_over_standard_input(self):
        self.install("--admin-email", "ada@acme.example", "--admin-password", "correct horse battery", "--admin-family-name", "Lovelace")
        call = next(call for call in self.calls() if "provision" in call["args"])
        self.assertNotIn("correct horse battery", " ".join(call["args"]) + call["stdin"])
        self.assertEqual(call["env"]["PORTA_FIRST_PASSWORD"], "correct horse battery")
        self.assertNotIn("correct horse", (self.dir / ".env").read_text())
        self.provision(call)

    def test_the_first_person_administers_and_the_console_has_its_secret(self):
        person = ["--admin-email", "ada@acme.example", "--admin-password", "correct horse battery"]
        self.install(*person)
        call = next(call for call in self.calls() if "init" in call["args"])
        self.assertNotIn("correct horse battery", " ".join(call["args"]))
        self.assertEqual(call["stdin"], "correct horse battery\n")
        self.assertIn("ada@acme.example", call["args"])
        before = self.settings()
        self.assertEqual((before["ADMIN_CLIENT_ID"], before["ADMIN_CLIENT_SECRET"]), ("g-u_i", "5ecret"))
        self.assertEqual(stat.S_IMODE((self.dir / ".env").stat().st_mode), 0o600)
        # A secret that exists is not told again, and the one on file stays.
        self.install("--force", *person, FAKE_REPAIR="1")
        self.assertEqual(self.settings()["ADMIN_CLIENT_SECRET"], "5ecret")

    def test_nobody_is_made_an_administrator_unasked(self):
        done = self.install()
        self.assertFalse(self.did("init"))
        self.assertIn("porta init", done.stdout)

    def provision(self, call):
        """The real program takes the file."""
        target = DOCKER.parent / os.environ.get("CARGO_TARGET_DIR", "target")
        porta = os.environ.get("PORTA_BIN", str(target / "debug/porta"))
        data = self.at / "data"
        env = {**call["env"], "PATH": os.environ["PATH"], "PORTA_DATA_DIR": str(data)}
        done = subprocess.run([porta, "provision", "-f", "-", "--direct", "--create", "--json"], input=call["stdin"], env=env,
                              cwd=self.at, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("ada@acme.example", done.stdout)

    def nginx_block(self, *extra):
        return self.install("--no-start", "--force", *extra).stdout.split("certificate and name are yours:\n")[1]

    def test_the_nginx_block_names_address_and_port(self):
        for bind, reached in [("0.0.0.0", "127.0.0.1"), ("[::]", "[::1]"), ("10.1.2.3", "10.1.2.3"), ("127.0.0.1", "127.0.0.1")]:
            self.assertIn(f"proxy_pass http://{reached}:{self.port};", self.nginx_block("--bind", bind))

    def test_the_nginx_block_replaces_what_a_caller_could_write(self):
        block = self.nginx_block()
        shipped = (DOCKER.parent / "ops/nginx/porta.conf").read_text()
        header = lambda text: dict(re.findall(r"proxy_set_header +(\S+) +(\S+);", text))
        # The installer's block does not keep connections alive: with one instance, a POST on one that Porta is closing
        # is lost.
        self.assertEqual({**header(shipped), "Connection": "close"}, header(block))
        self.assertIn("location ~ ^/(metrics|ready)$ { return 404; }", block)
        words = lambda text: [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]
        for kept in ("map ", "~^", "log_format ", "'$request_id", "limit_conn", "client_", "server_tokens", "error_log", "access_log"):
            expected = [line for line in dict.fromkeys(words(shipped)) if line.startswith(kept)]
            self.assertTrue(expected, kept)
            self.assertEqual([line for line in words(block) if line.startswith(kept)], expected)
        block = block.replace("/var/log/nginx", str(self.at))
        key, certificate = self.at / "key.pem", self.at / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        block = block.replace("/etc/ssl/porta/fullchain.pem", str(certificate)).replace("/etc/ssl/porta/privkey.pem", str(key))
        (self.at / "nginx.conf").write_text(f"pid {self.at}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{block}}}\n")
        path = f"{os.environ['PATH']}:/usr/sbin"
        done = subprocess.run(["nginx", "-e", "stderr", "-t", "-c", self.at / "nginx.conf"], env={"PATH": path}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


class Asks(Installer):
    """With a terminal, the script itself still comes over standard input."""

    def converse(self, args, answers):
        master, slave = pty.openpty()
        script = open(INSTALL)
        child = subprocess.Popen(
            ["bash", "-s", "--", *args], stdin=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.at,
            env=self.env, preexec_fn=lambda: (os.setsid(), __import__("fcntl").ioctl(slave, __import__("termios").TIOCSCTTY, 0)),
        )
        script.close()
        seen = ""
        for question, answer in answers:
            end = time.time() + 20
            while question not in seen:
                self.assertLess(time.time(), end, f"not asked: {question}; seen: {seen!r}")
                if select.select([master], [], [], 0.2)[0]:
                    try:
                        seen += os.read(master, 4096).decode()
                    except OSError:
                        break
                elif child.poll() is not None:
                    break
            self.assertIn(question, seen, "ended before it asked")
            seen = seen.split(question, 1)[1]
            os.write(master, (answer + "\n").encode())
        output = child.communicate(timeout=30)[0].decode()
        rest = ""
        while select.select([master], [], [], 0.1)[0]:
            try:
                rest += os.read(master, 4096).decode()
            except OSError:
                break
        os.close(master)
        os.close(slave)
        return child.returncode, output, seen + rest

    def test_answers_come_from_the_terminal(self):
        code, output, terminal = self.converse(["-d", str(self.dir), "-p", self.port], [
            ("Public address", "https://id.acme.example"), ("Mail relay", "smtp.acme.example"), ("Port of the relay", ""),
            ("User at the relay", "me"), ("Password at the relay", "s3cret word"), ("Sender of mail", ""),
            ("first person", "ada@acme.example"), ("Given name", "Ada"), ("Family name", ""), ("Password", "correct horse battery"),
        ])
        self.assertEqual(code, 0, output)
        self.assertNotIn("correct horse", terminal, "a password is not echoed")
        settings = self.settings()
        self.assertEqual((settings["SMTP_PASS"], settings["SMTP_PORT"]), ("s3cret word", "587"))
        self.assertTrue(self.did("provision"))

    def test_a_bad_answer_ends_it(self):
        code, output, _ = self.converse(["-d", str(self.dir)], [("Public address", "nonsense")])
        self.assertNotEqual(code, 0)
        self.assertIn("--issuer-url", output)

    def test_no_answer_is_an_error(self):
        code, output, _ = self.converse(["-d", str(self.dir)], [("Public address", "")])
        self.assertNotEqual(code, 0)
        self.assertIn("--issuer-url is needed", output)

    def test_non_interactive_never_asks(self):
        code, output, terminal = self.converse(["-d", str(self.dir), "--non-interactive"], [])
        self.assertNotEqual(code, 0)
        self.assertIn("--issuer-url is needed", output)
        self.assertEqual(terminal, "")


if __name__ == "__main__":
    unittest.main()
