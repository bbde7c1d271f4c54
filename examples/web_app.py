"""A web application in Flask with Authlib: sign-in, session, refresh, sign-out."""

import os
import signal
import sys
from urllib.parse import urlencode

from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, request, session

ISSUER, APP_URL = os.environ["ISSUER"], os.environ["APP_URL"]

# region configure
app = Flask(__name__)
app.secret_key = os.environ["SESSION_SECRET"]
app.config.update(SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=APP_URL.startswith("https://"))
porta = OAuth(app).register(
    "porta",
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)
tokens = {}  # by subject, on the server: Flask's session is a signed cookie that the browser can read
# endregion configure


# region routes
@app.get("/login")
def login():
    return porta.authorize_redirect(f"{APP_URL}/callback")


@app.get("/callback")
def callback():
    token = porta.authorize_access_token()  # state, nonce, PKCE and ID token are checked here
    person = token["userinfo"]
    tokens[person["sub"]] = token
    session.clear()
    session["sub"] = person["sub"]
    return redirect("/")


@app.get("/")
def home():
    token = tokens.get(session.get("sub"))
    if token is None:
        return '<a href="/login">Sign in</a>', 401
    return jsonify(porta.userinfo(token=token))


@app.get("/refresh")
def refresh():
    sub = session["sub"]
    fresh = porta.fetch_access_token(grant_type="refresh_token", refresh_token=tokens[sub]["refresh_token"])
    tokens[sub] = {**tokens[sub], **fresh}
    return redirect("/")


@app.get("/logout")
def logout():
    token = tokens.pop(session.pop("sub", None), {})
    metadata = porta.load_server_metadata()
    fields = {"id_token_hint": token.get("id_token", ""), "post_logout_redirect_uri": f"{APP_URL}/signed-out"}
    return redirect(f"{metadata['end_session_endpoint']}?{urlencode(fields)}")
# endregion routes


@app.get("/signed-out")
def signed_out():
    return "Signed out"


@app.errorhandler(Exception)
def failed(error):
    print(f"{request.path}: {error}", file=sys.stderr)
    return "failed", 400


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app.run("127.0.0.1", int(os.environ["PORT"]))
