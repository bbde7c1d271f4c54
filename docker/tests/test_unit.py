"""The systemd unit and its example environment, which no engine is needed for either."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
UNIT = ROOT / "ops/systemd/porta.service"
EXAMPLE = ROOT / "ops/systemd/porta.env.example"


class Unit(unittest.TestCase):
    def environment(self):
        """What the process gets: the unit's own lines, and then the file's over them."""
        own = re.findall(r"^Environment=(\w+)=(.*)$", UNIT.read_text(), re.M)
        lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
        return {**dict(own), **dict(line.split("=", 1) for line in lines)}

    def problems(self, env):
        target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
        porta = os.environ.get("PORTA_BIN", str(target / "debug/porta"))
        with tempfile.TemporaryDirectory() as at:
            env = {"PATH": os.environ["PATH"], "PORTA_WAIT_TIMEOUT": "0", **env}
            done = subprocess.run([porta, "start"], env=env, cwd=at, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_the_unit_runs_for_production(self):
        self.assertEqual(self.environment()["NODE_ENV"], "production")

    def test_the_example_as_it_is_does_not_start(self):
        problems = self.problems(self.environment())
        for name in ("COOKIE_KEYS", "SIGNING_KEY_ENCRYPTION_KEY", "TWO_FACTOR_ENCRYPTION_KEY"):
            self.assertIn(name, problems)

    def test_with_its_secrets_the_example_is_complete(self):
        """Nothing is wrong with it but that its database is not there."""
        env = self.environment()
        for name in ("COOKIE_KEYS", "SIGNING_KEY_ENCRYPTION_KEY", "TWO_FACTOR_ENCRYPTION_KEY"):
            env[name] = os.urandom(32).hex()
        problems = self.problems({**env, "DATABASE_URL": "postgres://porta:x@127.0.0.1:1/porta", "REDIS_URL": "redis://127.0.0.1:1/0"})
        self.assertIn("did not answer within PORTA_WAIT_TIMEOUT", problems)
        weak = self.problems({**env, "COOKIE_KEYS": "x" * 40})
        self.assertIn("repeats a short pattern", weak)

    def test_every_variable_of_the_example_is_documented(self):
        known = (ROOT / "docs/configuration.md").read_text()
        for name in self.environment():
            self.assertIn(f"`{name}`", known)


if __name__ == "__main__":
    unittest.main()
