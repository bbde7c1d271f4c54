//! The part of HTTP/1.1 that a load generator needs (RFC 9112): status, headers, end of the body.

use std::borrow::Cow;
use std::ops::Range;

use anyhow::{Context as _, Result, bail};

/// A whole response, borrowed from the connection's buffer.
#[derive(Debug)]
pub(crate) struct Response<'b> {
    pub(crate) status: u16,
    head: &'b [u8],
    pub(crate) body: Cow<'b, [u8]>,
}

impl<'b> Response<'b> {
    /// The first header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&'b str> {
        self.headers(name).next()
    }

    /// Every header of that name, in order.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &'b str> {
        fields(self.head).filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).context("the body is not text")
    }

    /// Length of head and body in bytes.
    pub(crate) fn length(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Describes an unexpected response, for error messages.
    pub(crate) fn describe(&self) -> String {
        let head = String::from_utf8_lossy(self.head);
        let body = String::from_utf8_lossy(&self.body);
        format!("{head}\n\n{}", body.chars().take(600).collect::<String>())
    }
}

/// Offsets of the parts of a complete response.
#[derive(Debug)]
pub(crate) struct Layout {
    status: u16,
    head: Range<usize>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Whole(Range<usize>),
    /// Decoded chunked body (RFC 9112 §7.1).
    Joined(Vec<u8>),
}

impl Layout {
    pub(crate) fn on(self, buffer: &[u8]) -> Response<'_> {
        let body = match self.body {
            Body::Whole(range) => Cow::Borrowed(&buffer[range]),
            Body::Joined(bytes) => Cow::Owned(bytes),
        };
        Response { status: self.status, head: &buffer[self.head], body }
    }
}

/// Parses a response from the start of `buffer`; `None` while it is incomplete. Bytes after its end are an error: the
/// client does not pipeline.
pub(crate) fn parse(buffer: &[u8]) -> Result<Option<Layout>> {
    let Some(head_end) = find(buffer, b"\r\n\r\n") else { return Ok(None) };
    let head = &buffer[..head_end];
    let start = head_end + 4;
    let status = status(head)?;
    let has_body = !matches!(status, 100..=199 | 204 | 304);
    let mut length = None;
    let mut is_chunked = false;
    for (name, value) in fields(head) {
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.parse::<usize>().context("content-length is not a number")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            is_chunked = value.eq_ignore_ascii_case("chunked");
        }
    }
    let (body, end) = match (has_body, is_chunked, length) {
        (false, ..) => (Body::Whole(start..start), start),
        (true, true, _) => match chunks(buffer, start)? {
            Some((bytes, end)) => (Body::Joined(bytes), end),
            None => return Ok(None),
        },
        (true, false, Some(length)) => (Body::Whole(start..start + length), start + length),
        (true, false, None) => bail!("the response does not say how long it is"),
    };
    if buffer.len() < end {
        return Ok(None);
    }
    if buffer.len() > end {
        bail!("{} bytes after the end of the response", buffer.len() - end);
    }
    Ok(Some(Layout { status, head: 0..head_end, body }))
}

fn status(head: &[u8]) -> Result<u16> {
    let digits = head.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status =
        digits.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|text| text.parse().ok());
    status.context("not an HTTP/1.1 response")
}

/// Header lines; skips those that are not UTF-8.
fn fields(head: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    head.split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
        let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        Some((name, value.trim()))
    })
}

/// The decoded chunks and the offset where the last one ends.
fn chunks(buffer: &[u8], mut at: usize) -> Result<Option<(Vec<u8>, usize)>> {
    let mut joined = Vec::new();
    loop {
        let Some(line_length) = find(&buffer[at..], b"\r\n") else { return Ok(None) };
        let line = std::str::from_utf8(&buffer[at..at + line_length]).context("chunk size is not text")?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16).context("chunk size is not a number")?;
        let data = at + line_length + 2;
        let end = data + size + 2;
        if buffer.len() < end {
            return Ok(None);
        }
        if &buffer[end - 2..end] != b"\r\n" {
            bail!("a chunk does not end where it says (or trailers follow)");
        }
        if size == 0 {
            return Ok(Some((joined, end)));
        }
        joined.extend_from_slice(&buffer[data..data + size]);
        at = end;
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Response<'_> {
        parse(text.as_bytes()).unwrap().unwrap().on(text.as_bytes())
    }

    #[test]
    fn status_headers_and_body_are_found() {
        let response = read(
            "HTTP/1.1 303 See Other\r\nLocation: /next\r\nset-cookie: a=1; Path=/x\r\nSet-Cookie: b=2\r\n\
             content-length: 5\r\n\r\nhello",
        );
        assert_eq!(response.status, 303);
        assert_eq!(response.header("location"), Some("/next"));
        assert_eq!(response.headers("set-cookie").collect::<Vec<_>>(), ["a=1; Path=/x", "b=2"]);
        assert_eq!(response.header("etag"), None);
        assert_eq!(response.text().unwrap(), "hello");
    }

    #[test]
    fn a_response_is_awaited_until_its_last_byte() {
        for whole in [
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
        ] {
            for cut in 0..whole.len() {
                assert!(parse(&whole.as_bytes()[..cut]).unwrap().is_none(), "{cut} bytes of {whole:?}");
            }
            assert!(parse(whole.as_bytes()).unwrap().is_some());
        }
    }

    #[test]
    fn chunks_are_joined() {
        let response = read(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n2\r\nab\r\n0\r\n\r\n",
        );
        assert_eq!(&*response.body, b"0123456789ab");
    }

    #[test]
    fn answers_without_a_body_end_with_their_head() {
        assert_eq!(read("HTTP/1.1 204 No Content\r\n\r\n").body.len(), 0);
        assert_eq!(read("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n").body.len(), 0);
    }

    #[test]
    fn what_cannot_be_an_answer_to_one_request_is_an_error() {
        for bad in [
            "HTTP/1.0 200 OK\r\n\r\n",
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
