//! The store over TLS, with a private certificate authority.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, which clippy takes for other code")]

use std::path::Path;

use porta_kv::redis::ConnectError;
use porta_kv::{Kv, KvError, NoticeEvent, RedisKv, RedisOptions};
use porta_trust::{Certificates, Roots};

use super::store::{next, notice, until_back};
use crate::support::{Server, make_certificates};

/// Trusts only the certificates of `file`.
fn only(file: &Path) -> Roots {
    Roots::only(Certificates::of_file(file).unwrap().certificates)
}

/// The error of a rejected certificate.
async fn refusal(options: RedisOptions) -> String {
    match RedisKv::connect(options).await.err() {
        Some(ConnectError::Store(KvError::Unavailable(text))) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_named_authority_is_believed_and_no_other() {
    let (ours, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_certificates(ours.path()).await;
    make_certificates(others.path()).await;
    let mut server = Server::start_tls(ours.path()).await;
    let url = format!("rediss://localhost:{}/1", server.port);
    let options = |roots| RedisOptions { roots, ..RedisOptions::new(url.clone().into(), "porta") };

    for unknown in [Roots::system(), only(&others.path().join("ca.pem"))] {
        let text = refusal(options(unknown)).await;
        // Which of the two depends on whether an authority with the same name is known.
        assert!(text.contains("UnknownIssuer") || text.contains("BadSignature"), "{text}");
    }
    // Issued for `localhost`, not for this address.
    let elsewhere = format!("rediss://127.0.0.1:{}", server.port);
    let known = only(&ours.path().join("ca.pem"));
    let text = refusal(RedisOptions { url: elsewhere.into(), ..options(known.clone()) }).await;
    assert!(text.contains("NotValidForName") || text.contains("not valid for name"), "{text}");
    let nobody = RedisKv::connect(options(Roots::only(Certificates::default()))).await.err();
    assert!(matches!(nobody, Some(ConnectError::NobodyBelieved)), "{nobody:?}");
    // A server without TLS is rejected.
    let clear = Server::start(&[]).await;
    let url = format!("rediss://localhost:{}", clear.port);
    assert!(RedisKv::connect(RedisOptions { url: url.into(), ..options(known.clone()) }).await.is_err());

    let beside = Roots::new(None, Certificates::of_file(&ours.path().join("ca.pem")).unwrap().certificates);
    for roots in [known, beside] {
        let kv = RedisKv::connect(options(roots)).await.unwrap();
        let mut receiver = kv.subscribe();
        kv.publish(&notice("sealed")).await.unwrap();
        assert_eq!(next(&mut receiver).await, NoticeEvent::Notice(notice("sealed")));
        // The trusted roots also apply to a reconnect.
        server.stop().await;
        server.restart().await;
        until_back(&kv).await;
    }
}
