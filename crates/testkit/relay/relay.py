"""A mail relay for tests: aiosmtpd on loopback, one line of JSON on standard output for everything that happens.

Argument: JSON with
  port      0: any free one
  tls       "none", "starttls" or "implicit", with cert and key (PEM files)
  login     [user, password]: who may send; absent: everybody
  script    what to answer, message by message: "451 4.3.0 later" or "RCPT 550 5.1.1 no"; "hang": nothing, ever;
            then everything is taken
  silent    accept connections and say nothing
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

options = json.loads(sys.argv[1])
script = list(options.get("script", []))
implicit = options.get("tls") == "implicit"


def tell(**event):
    print(json.dumps(event), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if script and script[0].startswith("RCPT "):
            answer = script.pop(0).removeprefix("RCPT ")
            tell(event="answered", answer=answer)
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = script.pop(0) if script else "250 2.0.0 taken"
        tell(
            event="message" if answer.startswith("250") else "answered",
            answer=answer,
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            data=envelope.content.decode("latin-1"),
            tls=implicit or session.ssl is not None,
            login=session.auth_data.login.decode() if session.authenticated else None,
            hello=session.host_name,
        )
        if answer == "hang":
            await asyncio.Event().wait()
        return answer


def authenticate(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    good = given == options["login"]
    tell(event="login", tls=implicit or session.ssl is not None, good=good)
    return AuthResult(success=good, handled=False, auth_data=data)


def context():
    if options.get("tls", "none") == "none":
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(options["cert"], options["key"])
    return made


def protocol():
    login = {}
    if "login" in options:
        login = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    starttls = None if implicit else context()
    return SMTP(Handler(), hostname="relay.test", tls_context=starttls, **login)


async def silent(reader, writer):
    tell(event="connected")
    await asyncio.Event().wait()


async def main():
    address = ("127.0.0.1", options.get("port", 0))
    if options.get("silent"):
        server = await asyncio.start_server(silent, *address)
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocol, *address, ssl=context() if implicit else None)
    tell(event="listening", port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
