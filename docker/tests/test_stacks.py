"""What the stacks say, as Compose itself resolves them, which takes no engine: Debian's docker-compose, or docker compose.

The former is older than the `name:` at the top of a file, which is left out; scripts/lint-infra.sh has the schema for that.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from ruamel.yaml import YAML

DOCKER = Path(__file__).resolve().parent.parent


class Stack(unittest.TestCase):
    def setUp(self):
        self.at = Path(tempfile.mkdtemp(prefix="porta-stack-"))
        self.addCleanup(shutil.rmtree, self.at)

    def environment(self, **values):
        made = subprocess.run([str(DOCKER / "make-env.sh"), str(self.at / ".env")], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], **values})
        self.assertEqual(made.returncode, 0, made.stderr)
        lines = (self.at / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def compose(self, name, **env):
        text = (DOCKER / name).read_text()
        text = re.sub(r"^name:.*$", "", text, flags=re.M)
        text = re.sub(r"^services:", 'version: "3.9"\nservices:', text, flags=re.M)
        (self.at / name).write_text(text)
        program = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        return subprocess.run([*program, "-f", name, "config"], cwd=self.at, capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.at), "COMPOSE_PROFILES": "admin,dev,tls", **env})

    def resolved(self, name, **env):
        done = self.compose(name, **env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("variable is not set", done.stderr)
        return YAML(typ="safe").load(done.stdout)

    def assertIsReallyReady(self, postgres):
        """The server of the image's first minute has a socket and no address, and may take its time."""
        health = postgres["healthcheck"]
        self.assertEqual(health["test"], ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "porta", "-d", "porta"])
        self.assertIn(health["start_period"], ("60s", "1m", "1m0s"))

    # Of the two Compose programs, one writes ports and volumes in the short form and one in the long form.
    def ports(self, service):
        return {
            "{host_ip}:{published}:{target}/{protocol}".format(**port) if isinstance(port, dict) else str(port)
            for port in service.get("ports", [])
        }

    def volumes(self, service):
        return {
            f"{Path(one['source']).name}:{one['target']}" if isinstance(one, dict) else f"{Path(one.split(':')[0]).name}:{one.split(':')[1]}"
            for one in service.get("volumes", [])
        }


class Production(Stack):
    def setUp(self):
        super().setUp()
        self.env = self.environment()
        self.stack = self.resolved("docker-compose.prod.yml")
        self.services = self.stack["services"]

    def test_services_and_images(self):
        self.assertEqual({name: service["image"] for name, service in self.services.items() if name != "mailhog"}, {
            "porta": "blendsdk/porta:latest", "admin-gui": "blendsdk/porta:latest",
            "postgres": "postgres:16-alpine", "redis": "redis:7-alpine",
        })
        self.assertEqual(self.services["porta"]["container_name"], "porta")

    def test_ports(self):
        self.assertEqual(self.ports(self.services["porta"]), {"127.0.0.1:3000:3000/tcp"})
        self.assertEqual(self.ports(self.services["admin-gui"]), {"127.0.0.1:4002:4002/tcp"})
        for name in ("postgres", "redis"):
            self.assertEqual(self.ports(self.services[name]), set())

    def test_nobody_elsewhere_reaches_the_port_unless_told(self):
        env = self.at / ".env"
        env.write_text("".join(line for line in env.read_text().splitlines(True) if not line.startswith("BIND=")))
        porta = self.resolved("docker-compose.prod.yml")["services"]["porta"]
        self.assertEqual(self.ports(porta), {"127.0.0.1:3000:3000/tcp"})

    def test_the_port_of_the_machine_stays_outside(self):
        self.assertEqual(self.services["porta"]["environment"]["PORT"], "3000")
        (self.at / ".env").unlink()
        self.environment(PORT="8088", BIND="0.0.0.0")
        porta = self.resolved("docker-compose.prod.yml")["services"]["porta"]
        self.assertEqual(self.ports(porta), {"0.0.0.0:8088:3000/tcp"})
        self.assertEqual(porta["environment"]["PORT"], "3000")

    def test_an_edited_password_reaches_both_sides(self):
        (self.at / ".env").unlink()
        self.environment(POSTGRES_PASSWORD="edited-by-hand-1")
        services = self.resolved("docker-compose.prod.yml")["services"]
        self.assertEqual(services["postgres"]["environment"]["POSTGRES_PASSWORD"], "edited-by-hand-1")
        self.assertEqual(services["porta"]["environment"]["DATABASE_URL"], "postgres://porta:edited-by-hand-1@postgres:5432/porta")

    def test_without_the_environment_file_nothing_is_made_up(self):
        (self.at / ".env").unlink()
        done = self.compose("docker-compose.prod.yml")
        self.assertNotEqual(done.returncode, 0)
        done = self.compose("docker-compose.prod.yml", POSTGRES_PASSWORD="x")
        self.assertNotEqual(done.returncode, 0, "the server's own secrets are missing")

    def test_secrets_of_the_file_are_those_of_the_server(self):
        porta = self.services["porta"]["environment"]
        for name in ("COOKIE_KEYS", "SIGNING_KEY_ENCRYPTION_KEY", "TWO_FACTOR_ENCRYPTION_KEY", "ISSUER_BASE_URL", "SMTP_HOST"):
            self.assertEqual(porta[name], self.env[name])
        self.assertEqual(porta["ADMIN_SESSION_SECRET"], "")
        admin = self.services["admin-gui"]["environment"]
        self.assertEqual((admin["PORTA_SERVICE"], admin["REDIS_URL"], admin["PORTA_ADMIN_PORTA_URL"]),
                         ("admin", "redis://redis:6379/1", "http://porta:3000"))
        for name in ("DATABASE_URL", "COOKIE_KEYS", "SIGNING_KEY_ENCRYPTION_KEY"):
            self.assertNotIn(name, admin)
        for name in ("postgres", "redis"):
            self.assertNotIn("COOKIE_KEYS", self.services[name].get("environment", {}))

    def test_order_follows_health(self):
        waits = lambda name: {on: how["condition"] for on, how in self.services[name]["depends_on"].items()}
        self.assertEqual(waits("porta"), {"postgres": "service_healthy", "redis": "service_healthy"})
        self.assertEqual(waits("admin-gui")["porta"], "service_healthy")
        for name in ("porta", "admin-gui", "postgres", "redis"):
            self.assertIn("test", self.services[name]["healthcheck"])
        health = self.services["porta"]["healthcheck"]
        self.assertEqual([health[key] for key in ("interval", "timeout", "start_period", "retries")], ["30s", "5s", "10s", 3])

    def test_a_database_that_is_being_made_is_not_healthy(self):
        self.assertIsReallyReady(self.services["postgres"])

    def test_the_gateway_is_known_and_believed(self):
        subnet = lambda: self.resolved("docker-compose.prod.yml")["networks"]["porta-network"]["ipam"]["config"][0]["subnet"]
        self.assertEqual((subnet(), self.env["TRUST_PROXY_CIDRS"]), ("172.16.77.0/24", "172.16.77.1/32"))
        (self.at / ".env").unlink()
        self.assertEqual(self.environment(PORTA_SUBNET="10.9.0.0/16")["TRUST_PROXY_CIDRS"], "10.9.0.1/32")
        self.assertEqual(subnet(), "10.9.0.0/16")

    def test_redis_keeps_nothing_and_evicts_nothing(self):
        command = self.services["redis"]["command"]
        for option, value in (("--appendonly", "no"), ("--save", ""), ("--maxmemory-policy", "noeviction")):
            self.assertEqual(command[command.index(option) + 1], value)
        self.assertNotIn("volumes", self.services["redis"])

    def test_what_is_kept(self):
        self.assertEqual(self.stack["volumes"], {"porta_postgres_data": {"name": "porta_postgres_data"}})
        self.assertEqual(self.volumes(self.services["postgres"]), {
            "porta_postgres_data:/var/lib/postgresql/data",
            "init-test-db.sql:/docker-entrypoint-initdb.d/init-test-db.sql",
        })
        self.assertEqual({key: network["name"] for key, network in self.stack["networks"].items()}, {"porta-network": "porta-network"})

    def test_hardening(self):
        for name in ("porta", "admin-gui", "postgres", "redis"):
            with self.subTest(name):
                service = self.services[name]
                self.assertTrue(service["read_only"])
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                self.assertTrue(any(one.startswith("/tmp:") for one in service["tmpfs"]))
                for limit in ("mem_limit", "pids_limit", "stop_grace_period"):
                    self.assertIn(limit, service)
                self.assertNotIn("cpus", service, "an engine refuses more than the machine has")
                self.assertNotIn("privileged", service)
        for name in ("porta", "admin-gui", "redis"):
            self.assertNotIn("cap_add", self.services[name])

    def test_what_is_not_for_everybody_is_behind_a_profile(self):
        profiles = {name: service.get("profiles") for name, service in self.services.items()}
        self.assertEqual(profiles, {"porta": None, "postgres": None, "redis": None, "admin-gui": ["admin"], "mailhog": ["dev"]})


class Documentation(Stack):
    def commands(self, page):
        """Service and command of every line that is meant for the production stack."""
        text = (DOCKER.parent / "docs/operate" / page).read_text()
        lines = re.findall(r"docker compose ((?:exec|run|stop|pull|up)\b[^`\n#]*)", text)
        for line in lines:
            words = [word for word in line.split()[1:] if not word.startswith("-")]
            yield (words[0] if words else None), words[1:], line

    def test_commands_name_services_and_their_database(self):
        self.environment()
        services = self.resolved("docker-compose.prod.yml")["services"]
        owner = services["postgres"]["environment"]["POSTGRES_USER"]
        for page, at_least in (("backup.md", 9), ("runbooks.md", 6), ("upgrade.md", 5)):
            found = list(self.commands(page))
            self.assertGreaterEqual(len(found), at_least, page)
            for service, command, line in found:
                with self.subTest(line):
                    self.assertIn(service, [None, *services])
                    programs = {"porta": ["porta"], "redis": ["redis-cli"],
                                "postgres": ["pg_dump", "pg_restore", "psql", "createdb", "dropdb", "redis"]}
                    if command:
                        self.assertIn(command[0], programs[service])
                    if service == "postgres" and command and command[0] != "redis":
                        self.assertIn(f" -U {owner} ", line)

    def test_nobody_serves_while_a_dump_is_put_back(self):
        commands = [line.split()[0] + " " + str(service) for service, _, line in self.commands("backup.md")]
        self.assertLess(commands.index("stop porta"), commands.index("up postgres"))


class Development(Stack):
    def test_services_ports_and_their_variables(self):
        services = self.resolved("docker-compose.yml")["services"]
        self.assertEqual({name: service["image"] for name, service in services.items() if name != "nginx"}, {
            "postgres": "postgres:16-alpine", "redis": "redis:7-alpine", "mailhog": "mailhog/mailhog:v1.0.1",
        })
        ports = {name: self.ports(service) for name, service in services.items()}
        self.assertEqual(ports, {
            "postgres": {"127.0.0.1:5432:5432/tcp"}, "redis": {"127.0.0.1:6379:6379/tcp"},
            "mailhog": {"127.0.0.1:1025:1025/tcp", "127.0.0.1:8025:8025/tcp"}, "nginx": {"127.0.0.1:3443:3443/tcp"},
        })
        moved = self.resolved("docker-compose.yml", POSTGRES_PORT="1", REDIS_PORT="2", MAILHOG_SMTP_PORT="3",
                              MAILHOG_UI_PORT="4", HTTPS_PORT="5")["services"]
        for name, number in (("postgres", 1), ("redis", 2), ("mailhog", 3), ("mailhog", 4), ("nginx", 5)):
            self.assertTrue(any(f"127.0.0.1:{number}:" in port for port in self.ports(moved[name])), name)
        self.assertEqual(services["nginx"]["profiles"], ["tls"])
        self.assertIsReallyReady(services["postgres"])
        for name in ("postgres", "redis"):
            health = services[name]["healthcheck"]
            self.assertEqual([health[key] for key in ("interval", "timeout", "retries")], ["5s", "5s", 5])

    def test_the_example_environment_names_this_stack(self):
        services = self.resolved("docker-compose.yml")["services"]
        env = dict(line.split("=", 1) for line in (DOCKER / ".env.development.example").read_text().splitlines()
                   if line and not line.startswith("#"))
        postgres = services["postgres"]["environment"]
        self.assertEqual(env["DATABASE_URL"], "postgres://{POSTGRES_USER}:{POSTGRES_PASSWORD}@localhost:5432/{POSTGRES_DB}".format(**postgres))
        self.assertEqual(len({env["SIGNING_KEY_ENCRYPTION_KEY"], env["TWO_FACTOR_ENCRYPTION_KEY"]}), 2)
        self.assertEqual(env["HOST"], "127.0.0.1", "its keys are printed in public")


if __name__ == "__main__":
    unittest.main()
