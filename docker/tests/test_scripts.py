"""The small scripts beside the stacks: porta.sh with a `docker` that records, setup-certs.sh with such an `mkcert`."""

import json
import os
import pty
import re
import shutil
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

DOCKER = Path(__file__).resolve().parent.parent

RECORDER = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["LOG"], "a") as log:
    stdin = sys.stdin.read() if "-i" in sys.argv else None
    log.write(json.dumps({"args": sys.argv[1:], "stdin": stdin}) + "\\n")
if sys.argv[1:2] == ["inspect"]:
    print(os.environ.get("RUNNING", "true"))
for option in ("-cert-file", "-key-file"):
    if option in sys.argv:
        open(sys.argv[sys.argv.index(option) + 1], "w").write("made\\n")
"""


class Scripts(unittest.TestCase):
    def setUp(self):
        self.at = Path(tempfile.mkdtemp(prefix="porta-scripts-"))
        self.addCleanup(shutil.rmtree, self.at)
        (self.at / "bin").mkdir()
        self.env = {"PATH": f"{self.at}/bin:{os.environ['PATH']}", "HOME": str(self.at), "LOG": str(self.at / "log")}

    def record(self, name):
        program = self.at / "bin" / name
        program.write_text(RECORDER)
        program.chmod(0o755)

    def run_script(self, name, *args, stdin="", directory=DOCKER, **env):
        return subprocess.run([str(directory / name), *args], input=stdin, env={**self.env, **env}, cwd=self.at,
                              capture_output=True, text=True, timeout=30)

    def calls(self):
        log = self.at / "log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


class Wrapper(Scripts):
    def last(self, *args, **options):
        self.record("docker")
        done = self.run_script("porta.sh", *args, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.calls()[-1]

    def test_arguments_arrive_as_they_were(self):
        odd = ["user", "invite", "a b", "", "*", "$HOME", "'", "--message", "--file-like"]
        self.assertEqual(self.last(*odd)["args"], ["exec", "porta", "porta", *odd])

    def test_another_container(self):
        self.assertEqual(self.last("health", PORTA_CONTAINER_NAME="other")["args"], ["exec", "other", "porta", "health"])

    def test_a_file_goes_over_standard_input(self):
        path = self.at / "a file.yaml"
        path.write_text("version: '1.0'\n")
        for form in (["-f", str(path)], ["--file", str(path)], [f"--file={path}"]):
            with self.subTest(form):
                call = self.last("provision", *form, "--direct")
                self.assertEqual(call["args"], ["exec", "-i", "porta", "porta", "provision", "--file", "-", "--direct"])
                self.assertEqual(call["stdin"], "version: '1.0'\n")

    def test_variables_of_secrets_are_passed_on_by_name(self):
        path = self.at / "file.yaml"
        path.write_text('a: "${KIM_PASSWORD}"\nb: env:LEE\nc: "$not ${not a name}"\n')
        call = self.last("apply", "-f", str(path), KIM_PASSWORD="hidden")
        self.assertEqual(
            call["args"],
            ["exec", "-i", "-e", "LEE", "-e", "KIM_PASSWORD", "porta", "porta", "apply", "--file", "-"],
        )

    def test_files_of_secrets_are_passed_on(self):
        (self.at / "crane").write_text("hidden of crane\n")
        (self.at / "crane.old").write_text("hidden of before")
        path = self.at / "file.yaml"
        path.write_text(
            f'a: file:{self.at}/crane\nb: {{ value: "file:{self.at}/crane.old", c: 1 }}\n'
            f"c: 'file:/run/secrets/inside'\nd: see file:{self.at}/crane\ne: env:LEE\n"
        )
        self.record("docker")
        docker = self.at / "bin/docker"
        show = 'if sys.argv[1] == "exec":\n    print(os.environ.get("PORTA_FILE_1"), os.environ.get("PORTA_FILE_2"))\n'
        docker.write_text(docker.read_text() + show)
        done = self.run_script("porta.sh", "apply", "-f", str(path))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "hidden of crane hidden of before")
        call = self.calls()[-1]
        options = ["-e", "PORTA_FILE_2", "-e", "PORTA_FILE_1", "-e", "LEE"]
        self.assertEqual(call["args"], ["exec", "-i", *options, "porta", "porta", "apply", "--file", "-"])
        self.assertEqual(
            call["stdin"],
            'a: env:PORTA_FILE_1\nb: { value: "env:PORTA_FILE_2", c: 1 }\n'
            f"c: 'file:/run/secrets/inside'\nd: see file:{self.at}/crane\ne: env:LEE\n",
        )

    def test_the_exit_code_comes_back(self):
        (self.at / "crane").write_text("hidden")
        path = self.at / "file.yaml"
        self.record("docker")
        docker = self.at / "bin/docker"
        docker.write_text(docker.read_text() + 'if sys.argv[1] == "exec":\n    sys.exit(3)\n')
        for text in ("a: 1\n", f"a: file:{self.at}/crane\n"):
            path.write_text(text)
            self.assertEqual(self.run_script("porta.sh", "apply", "-f", str(path)).returncode, 3, text)

    def test_standard_input_itself(self):
        call = self.last("provision", "-f", "-", stdin="version: '1.0'\n")
        self.assertEqual((call["args"][:3], call["stdin"]), (["exec", "-i", "porta"], "version: '1.0'\n"))

    def test_a_password_comes_over_standard_input(self):
        call = self.last("init", "--password-stdin", "--email", "ada@acme.example", stdin="correct horse\n")
        self.assertEqual(call["args"], ["exec", "-i", "porta", "porta", "init", "--password-stdin", "--email", "ada@acme.example"])
        self.assertEqual(call["stdin"], "correct horse\n")

    def test_variables_are_written_for_their_owner(self):
        path = self.at / "console env"
        for form in (["--env-file", str(path)], [f"--env-file={path}"]):
            with self.subTest(form):
                self.record("docker")
                docker = self.at / "bin/docker"
                docker.write_text(docker.read_text() + 'if sys.argv[1] == "exec":\n    print("PORTA_ADMIN_CLIENT_ID=x")\n')
                done = self.run_script("porta.sh", "init", *form, "--password-stdin", stdin="correct horse\n")
                self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
                call = self.calls()[-1]
                self.assertEqual(call["args"], ["exec", "-i", "porta", "porta", "init", "--env-file", "-", "--password-stdin"])
                self.assertEqual(path.read_text(), "PORTA_ADMIN_CLIENT_ID=x\n")
                self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
                done = self.run_script("porta.sh", "init", *form)
                self.assertEqual(done.returncode, 1)
                self.assertIn("exists and is left as it is", done.stderr)
                path.unlink()

    def test_a_failing_run_writes_no_variables(self):
        self.record("docker")
        docker = self.at / "bin/docker"
        docker.write_text(docker.read_text() + 'if sys.argv[1] == "exec":\n    sys.exit(1)\n')
        done = self.run_script("porta.sh", "init", "--env-file", str(self.at / "console.env"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(sorted(path.name for path in self.at.iterdir()), ["bin", "log"])

    def test_a_terminal_is_passed_on(self):
        self.record("docker")
        (self.at / "bin/docker").write_text(RECORDER.replace('"-i" in sys.argv', "False"))
        master, slave = pty.openpty()
        subprocess.run([str(DOCKER / "porta.sh"), "health"], stdin=slave, env=self.env, check=True, timeout=30)
        os.close(master)
        os.close(slave)
        self.assertEqual(self.calls()[-1]["args"], ["exec", "-it", "porta", "porta", "health"])

    def test_refusals(self):
        self.record("docker")
        for text, args, env in [
            ("is not running", ["health"], {"RUNNING": "false"}),
            ("is not running", ["health"], {"RUNNING": ""}),
            ("needs a file", ["provision", "-f"], {}),
            ("needs a file", ["init", "--env-file"], {}),
            ("cannot write", ["init", "--env-file", "/nowhere/console.env"], {}),
            ("cannot read", ["provision", "-f", "/nowhere.yaml"], {}),
            ("leave out --env-file", ["org", "list", "--direct", "--env-file", "x"], {}),
            ("leave out --env-file", ["migrate", "up", "--env-file=x"], {}),
        ]:
            with self.subTest(args=args, env=env):
                done = self.run_script("porta.sh", *args, **env)
                self.assertEqual(done.returncode, 1)
                self.assertIn(text, done.stderr)
                self.assertFalse(any(call["args"][0] == "exec" for call in self.calls()))

    def test_without_docker(self):
        for name in ("sh",):
            (self.at / "bin" / name).symlink_to("/bin/sh")
        done = self.run_script("porta.sh", "health", PATH=str(self.at / "bin"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("docker is not on PATH", done.stderr)


class Environment(Scripts):
    def make(self, **env):
        return self.run_script("make-env.sh", str(self.at / ".env"), **env)

    def values(self):
        lines = (self.at / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def test_secrets_are_fresh_and_for_one_reader(self):
        self.assertEqual(self.make().returncode, 0)
        self.assertEqual(stat.S_IMODE((self.at / ".env").stat().st_mode), 0o600)
        first = self.values()
        names = ["COOKIE_KEYS", "SIGNING_KEY_ENCRYPTION_KEY", "TWO_FACTOR_ENCRYPTION_KEY", "ADMIN_SESSION_SECRET"]
        for name in names:
            self.assertRegex(first[name], r"^[0-9a-f]{64}$")
        (self.at / ".env").unlink()
        self.assertEqual(self.make().returncode, 0)
        second = self.values()
        self.assertEqual(len({one[name] for one in (first, second) for name in [*names, "POSTGRES_PASSWORD"]}), 10)

    def test_what_is_set_goes_in(self):
        self.assertEqual(self.make(SMTP_HOST="smtp.acme.example", POSTGRES_PASSWORD="Mine-1.2_3~").returncode, 0)
        self.assertEqual((self.values()["SMTP_HOST"], self.values()["POSTGRES_PASSWORD"]), ("smtp.acme.example", "Mine-1.2_3~"))

    def test_the_sender_of_mail_is_at_the_host_of_the_issuer(self):
        for issuer, sender in [("https://id.acme.example", "noreply@id.acme.example"),
                               ("https://id.acme.example:8443", "noreply@id.acme.example"),
                               ("http://[::1]:3000", "noreply@[::1]")]:
            (self.at / ".env").unlink(missing_ok=True)
            self.assertEqual(self.make(ISSUER_BASE_URL=issuer).returncode, 0)
            self.assertEqual(self.values()["SMTP_FROM"], sender)
        (self.at / ".env").unlink()
        self.make(ISSUER_BASE_URL=issuer, SMTP_FROM="porta@acme.example")
        self.assertEqual(self.values()["SMTP_FROM"], "porta@acme.example")

    def test_refusals(self):
        for text, env in [
            ("URL", {"POSTGRES_PASSWORD": "a@b:c/d"}), ("URL", {"POSTGRES_PASSWORD": "a%40"}),
            ("unquoted", {"SMTP_PASS": "a$b"}), ("unquoted", {"SMTP_PASS": "a b"}), ("unquoted", {"SMTP_PASS": "a\nB=c"}),
        ]:
            with self.subTest(env):
                done = self.make(**env)
                self.assertEqual(done.returncode, 1)
                self.assertIn(text, done.stderr)
                self.assertEqual([p.name for p in self.at.iterdir()], ["bin"], "nothing is left behind")

    def test_an_existing_file_stays(self):
        (self.at / ".env").write_text("mine")
        done = self.make()
        self.assertEqual(done.returncode, 1)
        self.assertIn("left as it is", done.stderr)
        self.assertEqual((self.at / ".env").read_text(), "mine")

    def test_every_variable_is_one_the_server_or_compose_knows(self):
        known = (DOCKER.parent / "docs/configuration.md").read_text() + (DOCKER / "docker-compose.prod.yml").read_text()
        for line in (DOCKER / ".env.example").read_text().splitlines():
            if line and not line.startswith("#"):
                self.assertRegex(known, rf"(`|\$\{{){re.escape(line.split('=')[0])}\b")


class Certificates(Scripts):
    def setUp(self):
        super().setUp()
        self.hosts = self.at / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")
        shutil.copy(DOCKER / "setup-certs.sh", self.at)
        self.env["HOSTS_FILE"] = str(self.hosts)

    def make(self, *args):
        return self.run_script("setup-certs.sh", *args, directory=self.at)

    def test_once_and_again_with_force(self):
        self.record("mkcert")
        for args, made in [([], 1), ([], 1), (["--force"], 2)]:
            done = self.make(*args)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sum("-cert-file" in call["args"] for call in self.calls()), made)
        self.assertEqual(self.calls()[-1]["args"][-4:], ["porta.local", "localhost", "127.0.0.1", "::1"])
        self.assertEqual(stat.S_IMODE((self.at / "certs/porta-key.pem").stat().st_mode), 0o600)
        self.assertEqual(self.hosts.read_text().count("porta.local"), 1)

    def test_refusals(self):
        self.assertIn("missing: mkcert", self.make().stderr)
        self.record("mkcert")
        done = self.make("--forse")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.calls(), [])


if __name__ == "__main__":
    unittest.main()
