//! An SMTP relay that accepts every message and only counts it (RFC 5321, as far as a sending client needs it). With it
//! the server does all the work that real accounts cause; the count proves that it did.

use std::cell::Cell;
use std::rc::Rc;

use anyhow::Result;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub(super) struct Mailbox {
    pub(super) port: u16,
    messages: Rc<Cell<usize>>,
    /// The task that serves connections; ends when dropped.
    _serving: JoinSet<()>,
}

impl Mailbox {
    /// Starts the relay; runs on a `LocalSet`.
    pub(super) async fn open() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let messages = Rc::new(Cell::new(0));
        let count = Rc::clone(&messages);
        let mut serving = JoinSet::new();
        serving.spawn_local(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                // A client that disconnects early shows up in the count.
                sessions.spawn_local(serve(stream, Rc::clone(&count)));
            }
        });
        Ok(Self { port, messages, _serving: serving })
    }

    /// Messages accepted so far.
    pub(super) fn messages(&self) -> usize {
        self.messages.get()
    }
}

async fn serve(stream: TcpStream, messages: Rc<Cell<usize>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let (mut line, mut is_text) = (String::new(), false);
    stream.write_all(b"220 mail.porta.test\r\n").await?;
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let answer = if is_text {
            if command != "." {
                continue;
            }
            is_text = false;
            messages.set(messages.get() + 1);
            "250 OK\r\n"
        } else if command.eq_ignore_ascii_case("DATA") {
            is_text = true;
            "354 go on\r\n"
        } else if command.eq_ignore_ascii_case("QUIT") {
            "221 bye\r\n"
        } else {
            "250 OK\r\n"
        };
        stream.write_all(answer.as_bytes()).await?;
        if answer.starts_with("221") {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test]
    async fn mails_are_counted_and_nothing_else_is() {
        LocalSet::new()
            .run_until(async {
                let mailbox = Mailbox::open().await.unwrap();
                let mut stream = TcpStream::connect(("127.0.0.1", mailbox.port)).await.unwrap();
                let mail = "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nQUIT\r\n..\r\n.\r\n";
                stream.write_all(mail.as_bytes()).await.unwrap();
                stream.write_all(mail.as_bytes()).await.unwrap();
                stream.write_all(b"NOOP\r\nQUIT\r\n").await.unwrap();
                let mut answers = String::new();
                stream.read_to_string(&mut answers).await.unwrap();
                assert_eq!(mailbox.messages(), 2);
                assert!(answers.starts_with("220 ") && answers.ends_with("221 bye\r\n"), "{answers}");
                assert_eq!(answers.matches("354 ").count(), 2);
            })
            .await;
    }
}
