//! An HTTP server that answers one request on each connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Once};

use porta_client::{Builder, Client, FixedToken, Retries, TokenSource};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// With the query.
    pub(crate) target: String,
    /// By name in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What the server writes, head and body.
pub(crate) type Reply = Vec<u8>;

/// A server, and what it received.
pub(crate) struct Server {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// `answer` is asked for each request. An empty reply closes the connection.
    pub(crate) async fn start(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (seen, answer) = (Arc::clone(&received), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(request) = read(&mut connection).await else { return };
                    seen.lock().unwrap().push(request.clone());
                    let reply = answer(&request);
                    // The client may have gone.
                    let _ = connection.write_all(&reply).await;
                    let _ = connection.shutdown().await;
                });
            }
        });
        Self { address, received }
    }

    /// A server that gives these replies one after the other, and then the last one.
    pub(crate) async fn with(replies: Vec<Reply>) -> Self {
        let given = Mutex::new(0);
        Self::start(move |_| {
            let mut given = given.lock().unwrap();
            let reply = replies[(*given).min(replies.len() - 1)].clone();
            *given += 1;
            reply
        })
        .await
    }

    /// A client of it whose retries do not wait.
    pub(crate) fn client(&self) -> Client {
        self.builder(FixedToken::new("porta_at_x")).build().unwrap()
    }

    pub(crate) fn builder(&self, tokens: impl TokenSource + 'static) -> Builder {
        install_tls();
        let at_once = Retries { most: 2, longest_wait: std::time::Duration::ZERO };
        Builder::new(format!("http://{}", self.address), tokens).retries(at_once)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// As a program does that uses the client.
fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap());
}

pub(crate) fn reply(status: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = lines.concat();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

pub(crate) fn json(body: &str) -> Reply {
    reply("200 OK", &[("content-type", "application/json")], body)
}

async fn read(connection: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<String, String> = lines.filter_map(header).collect();
    let length = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if connection.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { method, target, headers, body })
}
