//! The committed OpenAPI document is the one of the code.

use std::path::Path;

#[test]
fn the_committed_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    let mut expected = porta_admin::document().to_pretty_json().unwrap();
    expected.push('\n');
    if std::env::var_os("PORTA_WRITE_REFERENCE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == expected,
        "docs/reference/openapi.json: run the test again with PORTA_WRITE_REFERENCE=1"
    );
}
