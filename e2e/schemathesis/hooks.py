"""How requests are changed before they are sent."""

import itertools
import os

import schemathesis

TOKENS = itertools.cycle(os.environ["ADMIN_TOKENS"].split())


@schemathesis.auth(refresh_interval=None)
class ServiceAccounts:
    """Each request goes in the name of the next account: each of them may change only so much in a minute."""

    def get(self, case, context):
        return next(TOKENS)

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """A preview deletes nothing, so the organization would seem to outlive its deletion."""
    if case.operation.label != "DELETE /organizations/{orgId}" or not isinstance(case.query, dict):
        return
    for name in ("dry-run", "dryRun"):
        if case.query.get(name) in (True, "true"):
            del case.query[name]
