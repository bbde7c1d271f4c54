//! Mailbox of `porta dev`: captured mails, newest first.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use porta_mail::{CaptureTransport, Message};

use super::demo::page;
use super::pages::{escape, layout};

/// CSP of a message's HTML: no scripts, no external resources except images; links may leave the frame.
const MESSAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data: http: https:; \
     frame-ancestors 'self'; base-uri 'none'; form-action 'none'; \
     sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";

pub(super) fn router(capture: Arc<CaptureTransport>) -> Router {
    Router::new()
        .route("/mailbox", get(list))
        .route("/mailbox/{id}", get(message))
        .route("/mailbox/{id}/html", get(html))
        .with_state(capture)
}

async fn list(State(capture): State<Arc<CaptureTransport>>) -> Response {
    let messages = capture.messages();
    if messages.is_empty() {
        let empty = "<h1>Mailbox</h1>\n<p id=\"empty\">No messages. Captured mail appears here.</p>";
        return page(layout("Mailbox", empty));
    }
    let items: Vec<String> = messages.iter().map(item).collect();
    page(layout("Mailbox", &format!("<h1>Mailbox</h1>\n<ol id=\"messages\">\n{}\n</ol>", items.join("\n"))))
}

fn item(message: &Message) -> String {
    format!(
        "<li><a href=\"/mailbox/{}\">{}</a><br>to {}, {}</li>",
        message.id,
        escape(&message.body.subject),
        escape(message.to.shown()),
        message.date.rfc3339()
    )
}

fn find(capture: &CaptureTransport, id: &str) -> Option<Message> {
    capture.messages().into_iter().find(|message| message.id.to_string() == id)
}

fn missing() -> Response {
    let body = "<h1>No such message</h1>\n<p>The mailbox keeps the newest messages until Porta stops.</p>";
    (StatusCode::NOT_FOUND, page(layout("No such message", body))).into_response()
}

async fn message(State(capture): State<Arc<CaptureTransport>>, Path(id): Path<String>) -> Response {
    let Some(message) = find(&capture, &id) else { return missing() };
    let subject = escape(&message.body.subject);
    let body = format!(
        r#"<h1 id="subject">{subject}</h1>
<p>From <span id="from">{}</span> to <span id="to">{}</span>, {}</p>
<h2>Text</h2>
<pre id="text">{}</pre>
<h2>HTML</h2>
<iframe id="html" title="The message as HTML" src="/mailbox/{}/html" width="100%" height="480" sandbox="allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"></iframe>"#,
        escape(&message.from_name),
        escape(message.to.shown()),
        message.date.rfc3339(),
        with_links(&message.body.text),
        message.id,
    );
    page(layout(&subject, &body))
}

/// Escapes the text and turns http and https URLs into links.
fn with_links(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"');
    let words = text.split_inclusive(is_end).map(|piece| {
        let word = piece.trim_end_matches(is_end);
        let rest = escape(&piece[word.len()..]);
        let word = escape(word);
        let is_link = word.starts_with("https://") || word.starts_with("http://");
        if is_link { format!("<a href=\"{word}\">{word}</a>{rest}") } else { word + &rest }
    });
    words.collect()
}

async fn html(State(capture): State<Arc<CaptureTransport>>, Path(id): Path<String>) -> Response {
    let Some(message) = find(&capture, &id) else { return missing() };
    // Links open in the top window, not in the frame.
    let html = message.body.html.replacen("<head>", "<head><base target=\"_top\">", 1);
    let mut response = axum::response::Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(MESSAGE_POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use porta_core::mail::MailBody;
    use porta_core::user::Email;
    use porta_core::{OsEntropy, OutboxId, Timestamp};
    use porta_mail::Transport as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn capture(subjects: &[&str]) -> Arc<CaptureTransport> {
        let capture = Arc::new(CaptureTransport::new(10));
        for subject in subjects {
            let now = Timestamp::from_seconds(1_750_000_000);
            let message = Message {
                id: OutboxId::new(now, &OsEntropy),
                from_name: "Acme".to_owned(),
                to: Email::parse("ana@example.com").unwrap(),
                body: MailBody {
                    subject: (*subject).to_owned(),
                    html: "<!doctype html><html><head></head><body><a href=\"https://id.test/x\">go</a></body></html>"
                        .to_owned(),
                    text: "Go to\nhttps://id.test/x?a=1&b=2\nor <b>stay</b>\n".to_owned(),
                },
                date: now,
            };
            capture.send(&message).await.unwrap();
        }
        capture
    }

    async fn get(capture: &Arc<CaptureTransport>, path: &str) -> (StatusCode, String, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(Arc::clone(capture)).oneshot(request).await.unwrap();
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
        (status, policy, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn an_empty_mailbox_says_so() {
        let (status, _, body) = get(&capture(&[]).await, "/mailbox").await;
        assert!(status == StatusCode::OK && body.contains("id=\"empty\""), "{body}");
        assert_eq!(get(&capture(&[]).await, "/mailbox/nothing").await.0, StatusCode::NOT_FOUND);
        assert_eq!(get(&capture(&[]).await, "/mailbox/nothing/html").await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn the_newest_comes_first_and_subjects_are_text() {
        let (_, _, body) = get(&capture(&["first", "<script>second"]).await, "/mailbox").await;
        let (first, second) = (body.find(">first<").unwrap(), body.find("&lt;script&gt;second").unwrap());
        assert!(second < first && !body.contains("<script>"), "{body}");
    }

    #[tokio::test]
    async fn a_message_is_shown_as_text_and_its_html_in_a_box() {
        let capture = capture(&["one"]).await;
        let id = capture.messages()[0].id;
        let (_, policy, body) = get(&capture, &format!("/mailbox/{id}")).await;
        assert!(policy.contains("frame-src 'self'"), "{policy}");
        assert!(body.contains("<a href=\"https://id.test/x?a=1&amp;b=2\">"), "{body}");
        assert!(body.contains("or &lt;b&gt;stay&lt;/b&gt;"), "{body}");
        let (_, policy, body) = get(&capture, &format!("/mailbox/{id}/html")).await;
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox allow-popups"), "{policy}");
        assert!(!policy.contains("allow-scripts"), "{policy}");
        assert!(body.contains("<base target=\"_top\">"), "{body}");
    }
}
