//! Listens on this machine for the browser (RFC 8252 §7.3).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::request::Request;
use crate::failure::Failure;

/// How long the browser may take to read the page.
const LAST_PAGE: Duration = Duration::from_secs(1);

pub(super) struct Listener {
    socket: TcpListener,
    port: u16,
}

/// Judges an answer; its result goes to the page and to the command.
type Judge = Arc<dyn Fn(&str) -> Result<String, String> + Send + Sync>;

#[derive(Clone)]
struct Callback {
    judge: Judge,
    results: mpsc::Sender<Result<String, String>>,
}

impl Listener {
    /// Only this machine reaches it, on whichever port is free.
    pub(super) async fn bind() -> Result<Self, Failure> {
        let failed = |e: std::io::Error| {
            Failure::general(format!("cannot listen on 127.0.0.1: {e}; use --no-browser"))
        };
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let port = socket.local_addr().map_err(failed)?.port();
        Ok(Self { socket, port })
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}/callback", self.port)
    }

    /// Waits for the browser, shows it a page, and returns the code.
    pub(super) async fn code(self, request: &Request) -> Result<String, Failure> {
        let (results, mut received) = mpsc::channel(1);
        let callback = Callback { judge: judge(request), results };
        let router = Router::new().route("/callback", get(answer)).with_state(callback);
        let stop = CancellationToken::new();
        let server = axum::serve(self.socket, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let mut server = tokio::spawn(async move { server.await });
        let result = tokio::select! {
            result = received.recv() => result,
            _ = &mut server => None,
        };
        let Some(result) = result else {
            return Err(Failure::general("the listener on 127.0.0.1 ended; use --no-browser"));
        };
        stop.cancel();
        // The page is on its way.
        drop(tokio::time::timeout(LAST_PAGE, &mut server).await);
        server.abort();
        result.map_err(Failure::general)
    }
}

fn judge(request: &Request) -> Judge {
    let request = request.clone();
    Arc::new(move |query: &str| request.code_of(query))
}

async fn answer(State(callback): State<Callback>, request: axum::extract::Request) -> Response {
    let result = (callback.judge)(request.uri().query().unwrap_or_default());
    let (title, text) = match &result {
        Ok(_) => ("Signed in", "You can close this window and return to the terminal."),
        Err(_) => ("Not signed in", "The terminal says why. You can close this window."),
    };
    // The first answer counts.
    drop(callback.results.try_send(result));
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        // The address of the page has the code.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    (headers, page).into_response()
}
