"""Sends each request in the name of the next service account: each of them may change only so much in a minute."""

import itertools
import os

import schemathesis

TOKENS = itertools.cycle(os.environ["ADMIN_TOKENS"].split())


@schemathesis.auth(refresh_interval=None)
class ServiceAccounts:
    def get(self, case, context):
        return next(TOKENS)

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"
