"""Installing packages for the tests starts no service of theirs, and leaves nothing behind: scripts/lib.sh with an
`apt-get` that records."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

APT = """#!/bin/sh
[ -x "$POLICY_RC_D" ] && "$POLICY_RC_D"
echo "$? $*" >>"$LOG"
if [ "$1" = install ]; then sleep "${SLOW:-0}"; exit "${FAILS:-0}"; fi
"""


class Install(unittest.TestCase):
    def setUp(self):
        self.at = Path(tempfile.mkdtemp(prefix="porta-setup-"))
        self.addCleanup(shutil.rmtree, self.at)
        (self.at / "bin").mkdir()
        for name, text in (("apt-get", APT), ("sudo", '#!/bin/sh\nexec "$@"\n')):
            (self.at / "bin" / name).write_text(text)
            (self.at / "bin" / name).chmod(0o755)
        self.policy = self.at / "policy-rc.d"
        self.env = {"PATH": f"{self.at}/bin:{os.environ['PATH']}", "POLICY_RC_D": str(self.policy), "LOG": str(self.at / "log")}

    def start(self, **env):
        script = f". {ROOT}/scripts/lib.sh; set -euo pipefail; apt_install postgresql redis-server; echo went on"
        # A shell cannot trap a signal that was ignored when it started, as SIGINT is in background processes.
        return subprocess.Popen(["bash", "-c", script], env={**self.env, **env}, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, start_new_session=True,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def log(self):
        log = self.at / "log"
        return log.read_text() if log.exists() else ""

    def test_services_are_told_not_to_start(self):
        child = self.start()
        self.assertEqual((child.communicate(timeout=30)[0], child.returncode), ("went on\n", 0))
        self.assertIn("101 install -y -qq --no-install-recommends postgresql redis-server\n", self.log())
        self.assertFalse(self.policy.exists())

    def test_a_failure_is_one_and_leaves_nothing_behind(self):
        child = self.start(FAILS="100")
        self.assertEqual(child.communicate(timeout=30)[0], "")
        self.assertEqual(child.returncode, 100)
        self.assertFalse(self.policy.exists())

    def test_an_interruption_leaves_nothing_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                (self.at / "log").unlink(missing_ok=True)
                child = self.start(SLOW="30")
                end = time.time() + 20
                while "install" not in self.log():
                    self.assertLess(time.time(), end)
                    time.sleep(0.05)
                self.assertTrue(self.policy.exists())
                os.killpg(child.pid, number)
                self.assertEqual(child.communicate(timeout=20)[0], "")
                end = time.time() + 20
                while self.policy.exists():
                    self.assertLess(time.time(), end, "the guard stayed")
                    time.sleep(0.05)

    def test_somebody_elses_guard_stays(self):
        self.policy.write_text("#!/bin/sh\nexit 104\n")
        self.policy.chmod(0o755)
        self.start().communicate(timeout=30)
        self.assertIn("104 install", self.log())
        self.assertTrue(self.policy.exists())


if __name__ == "__main__":
    unittest.main()
