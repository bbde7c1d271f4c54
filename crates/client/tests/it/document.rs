//! Every operation's request and answer are those of the OpenAPI document.

use porta_client::Error;
use serde_json::Value;

use crate::tester::{Extent, ID, Tester};

#[tokio::test]
async fn every_operation_sends_what_the_document_says() {
    let tester = Tester::start(Extent::Whole).await;
    crate::calls::all(&tester).await;
    tester.finish();
}

#[tokio::test]
async fn what_may_be_left_out_is_left_out() {
    let tester = Tester::start(Extent::Sparse).await;
    crate::calls::all(&tester).await;
    tester.finish();
}

/// The samples would prove nothing if a body that lacks a field were accepted.
#[tokio::test]
async fn an_answer_without_a_required_field_is_no_answer() {
    let tester = Tester::start(Extent::Sparse).await;
    tester.spoil(|answer| {
        if let Value::Object(fields) = &mut answer["data"] {
            fields.remove("email");
        }
    });
    let refused = tester.client.users.get_user(ID, ID).await.unwrap_err();
    assert!(matches!(refused, Error::Decoding(_)), "{refused:?}");
}
