//! Facts about the installation as a whole.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fixture::{MINUTE, NOW};
use crate::Store;

pub async fn the_address_it_is_served_at(store: Arc<dyn Store>) {
    assert_eq!(store.issuer_base().await.unwrap(), None, "no server was started");
    for (later, address, is_news) in [
        (0, "https://id.example", true),
        (1, "https://id.example", false),
        (2, "http://localhost:3000", true),
        (3, "https://id.example", true),
    ] {
        let now = NOW + later * MINUTE;
        assert_eq!(store.remember_issuer_base(address, now).await.unwrap(), is_news, "{address}");
        assert_eq!(store.issuer_base().await.unwrap().as_deref(), Some(address));
    }
}

/// Several processes start at once.
pub async fn racing_to_remember(store: Arc<dyn Store>) {
    let mut starting = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        starting.spawn(async move { store.remember_issuer_base("https://id.example", NOW).await.unwrap() });
    }
    let news = starting.join_all().await.into_iter().filter(|is_news| *is_news).count();
    assert_eq!(news, 1);
    assert_eq!(store.issuer_base().await.unwrap().as_deref(), Some("https://id.example"));
}
