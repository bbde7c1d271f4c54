//! Branding: settings and uploaded pictures.

use axum::http::{Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    settings_are_read_and_changed_one_by_one,
    an_empty_or_unfit_change_is_refused,
    a_picture_is_uploaded_as_json_or_as_it_is,
    another_picture_takes_the_place_of_the_one_before,
    a_picture_is_shown_and_removed,
    what_is_no_picture_is_refused,
    an_upload_is_bounded,
    there_are_two_kinds_of_pictures,
);

const BRANDING: &str = "/organizations/acme/branding";
const LOGO: &str = "/organizations/acme/branding/logo";
const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h9\"></path></svg>";

/// A PNG of this number of bytes.
fn png(size: usize) -> Vec<u8> {
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [length.as_slice(), name, data, &[0; 4]].concat()
    };
    let (head, end) = (chunk(b"IHDR", &[1; 13]), chunk(b"IEND", &[]));
    let data = vec![7; size - 8 - head.len() - end.len() - 12];
    [b"\x89PNG\r\n\x1a\n".as_slice(), &head, &chunk(b"IDAT", &data), &end].concat()
}

async fn upload(admin: &mut Admin, path: &str, bytes: Vec<u8>, content_type: Option<&str>) -> Answer {
    let headers: Vec<_> = content_type.map(|value| (header::CONTENT_TYPE, value)).into_iter().collect();
    admin.send_body(Method::PUT, path, bytes.into(), &headers).await
}

async fn settings_are_read_and_changed_one_by_one(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let nothing = json!({
        "logoUrl": null, "faviconUrl": null, "primaryColor": null, "companyName": null, "customCss": null,
        "assets": [],
    });
    assert_eq!(expect(&orgs.get(BRANDING).await, StatusCode::OK)["data"], nothing);
    let all = json!({
        "logoUrl": "https://cdn.test/logo.svg", "faviconUrl": "https://cdn.test/icon.ico",
        "primaryColor": "#112233", "companyName": "ACME", "customCss": "a { color: red }",
    });
    let data = expect(&orgs.put(BRANDING, &all).await, StatusCode::OK)["data"].clone();
    for (field, value) in all.as_object().unwrap() {
        assert_eq!(&data[field], value, "{field}");
    }
    assert_eq!((&data["brandingCompanyName"], &data["slug"]), (&json!("ACME"), &json!("acme")));
    let row = admins.newest("org.branding.updated").await;
    let fields = ["logo_url", "favicon_url", "primary_color", "company_name", "custom_css"];
    assert_eq!(row.metadata["fields"], json!(fields));
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ORGS.0), Some("acme")));

    let change = json!({ "companyName": null, "primaryColor": "#445566", "name": "Other" });
    expect(&orgs.put(BRANDING, &change).await, StatusCode::OK);
    let mut expected = all.clone();
    expected["companyName"] = Value::Null;
    expected["primaryColor"] = json!("#445566");
    expected["assets"] = json!([]);
    assert_eq!(expect(&orgs.get(BRANDING).await, StatusCode::OK)["data"], expected);
    let data = expect(&orgs.get("/organizations/acme").await, StatusCode::OK)["data"].clone();
    assert_eq!((&data["name"], &data["brandingPrimaryColor"]), (&json!("Acme"), &json!("#445566")));
    // The other tenant has its own.
    let beta = expect(&orgs.get("/organizations/beta/branding").await, StatusCode::OK);
    assert_eq!(beta["data"], nothing);
}

async fn an_empty_or_unfit_change_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for nothing in [json!({}), json!({ "name": "X" }), json!({ "branding": { "companyName": "X" } })] {
        refused(&root.put(BRANDING, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
    for (field, value) in [
        ("logoUrl", json!("javascript:alert(1)")),
        ("logoUrl", json!("")),
        ("logoUrl", json!(format!("https://cdn.test/{}", "x".repeat(2048)))),
        ("faviconUrl", json!("/icon.ico")),
        ("primaryColor", json!("#xyzxyz")),
        ("companyName", json!(["x"])),
        ("customCss", json!("a{}<!--")),
    ] {
        let answer = root.put(BRANDING, &json!({ field: value })).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{value}");
    }
    assert_eq!(admins.count("org.branding.updated").await, 0);
}

async fn a_picture_is_uploaded_as_json_or_as_it_is(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let acme = admins.organization("acme").await.id.to_string();
    let picture = png(100);
    let as_json = json!({ "data": STANDARD.encode(&picture), "contentType": "image/png" });
    let answer = orgs.put(LOGO, &as_json).await;
    let asset = expect(&answer, StatusCode::OK)["data"].clone();
    assert_eq!((&asset["assetType"], &asset["contentType"]), (&json!("logo"), &json!("image/png")));
    assert_eq!((&asset["fileSize"], &asset["organizationId"]), (&json!(100), &json!(acme)));
    assert_eq!(asset["createdAt"], asset["updatedAt"]);
    assert_eq!(asset.as_object().unwrap().len(), 8);
    assert_eq!(expect(&orgs.get(BRANDING).await, StatusCode::OK)["data"]["assets"], json!([asset]));
    let row = admins.newest("org.branding.asset.uploaded").await;
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ORGS.0), Some("acme")));
    assert_eq!((&row.metadata["assetType"], &row.metadata["size"]), (&json!("logo"), &json!(100)));
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));

    // The type that is named, another one, or none.
    for (n, content_type) in [
        Some("image/png"),
        Some("IMAGE/PNG; x=y"),
        Some("application/octet-stream"),
        Some("text/plain"),
        None,
    ]
    .into_iter()
    .enumerate()
    {
        let answer = upload(&mut orgs, LOGO, png(101 + n), content_type).await;
        let asset = expect(&answer, StatusCode::OK)["data"].clone();
        assert_eq!((&asset["contentType"], &asset["fileSize"]), (&json!("image/png"), &json!(101 + n)));
    }
    let answer = upload(&mut orgs, LOGO, DRAWING.into(), None).await;
    assert_eq!(expect(&answer, StatusCode::OK)["data"]["contentType"], "image/svg+xml");
    let icon = json!({ "data": STANDARD.encode(ico()), "contentType": "image/vnd.microsoft.icon" });
    let answer = orgs.put("/organizations/acme/branding/favicon", &icon).await;
    assert_eq!(expect(&answer, StatusCode::OK)["data"]["contentType"], "image/x-icon");
    let assets = expect(&orgs.get(BRANDING).await, StatusCode::OK)["data"]["assets"].clone();
    assert_eq!((&assets[0]["assetType"], &assets[1]["assetType"]), (&json!("favicon"), &json!("logo")));
}

/// An icon with one picture of four bytes.
fn ico() -> Vec<u8> {
    let entry = [[1, 1, 0, 0, 1, 0, 32, 0].as_slice(), &4_u32.to_le_bytes(), &22_u32.to_le_bytes()].concat();
    [[0, 0, 1, 0, 1, 0].as_slice(), &entry, &[9; 4]].concat()
}

async fn another_picture_takes_the_place_of_the_one_before(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let first = expect(&upload(&mut root, LOGO, png(100), None).await, StatusCode::OK)["data"].clone();
    let again = expect(&upload(&mut root, LOGO, png(100), None).await, StatusCode::OK)["data"].clone();
    assert_eq!(first, again);
    assert_eq!(admins.count("org.branding.asset.uploaded").await, 1, "nothing changed");
    let second = expect(&upload(&mut root, LOGO, png(200), None).await, StatusCode::OK)["data"].clone();
    assert_ne!((&first["id"], &first["url"]), (&second["id"], &second["url"]));
    let assets = expect(&root.get(BRANDING).await, StatusCode::OK)["data"]["assets"].clone();
    assert_eq!(assets, json!([second]));
    let beta = expect(&root.get("/organizations/beta/branding").await, StatusCode::OK);
    assert_eq!(beta["data"]["assets"], json!([]));
}

async fn a_picture_is_shown_and_removed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    refused(&orgs.get(LOGO).await, StatusCode::NOT_FOUND, "No logo asset found");
    refused(&orgs.delete(LOGO).await, StatusCode::NOT_FOUND, "No logo asset found");
    let favicon = "/organizations/acme/branding/favicon";
    refused(&orgs.get(favicon).await, StatusCode::NOT_FOUND, "No favicon asset found");
    let answer = upload(&mut orgs, LOGO, DRAWING.into(), Some("image/svg+xml")).await;
    let url = expect(&answer, StatusCode::OK)["data"]["url"].as_str().unwrap().to_owned();
    let shown = orgs.get(LOGO).await;
    assert_eq!((shown.status, shown.body.as_str()), (StatusCode::OK, DRAWING));
    for (name, value) in [
        ("content-type", "image/svg+xml"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ] {
        assert_eq!(shown.header(name), Some(value));
    }
    // Everybody sees it at its own address, and on the pages.
    admins.app.wait_for_notices().await;
    let public = admins.app.browser().get(&url).await;
    assert_eq!((public.status, public.body.as_str()), (StatusCode::OK, DRAWING));
    let page = admins.app.browser().get("/acme/session/end/success").await;
    assert!(page.body.contains(&url), "{}", page.body);

    expect(&orgs.delete(LOGO).await, StatusCode::NO_CONTENT);
    refused(&orgs.delete(LOGO).await, StatusCode::NOT_FOUND, "No logo asset found");
    admins.app.wait_for_notices().await;
    assert_eq!(admins.app.browser().get(&url).await.status, StatusCode::NOT_FOUND);
    let row = admins.newest("org.branding.asset.deleted").await;
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ORGS.0), Some("acme")));
    assert_eq!(admins.count("org.branding.asset.deleted").await, 1);
}

async fn what_is_no_picture_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let both = "Request body must include \"data\" (base64) and \"contentType\" fields";
    for (body, error) in [
        (json!({}), both.to_owned()),
        (json!({ "data": "AAEC" }), both.to_owned()),
        (json!({ "contentType": "image/png" }), both.to_owned()),
        (
            json!({ "data": "AAEC", "contentType": "text/html" }),
            "Unsupported content type: text/html. Allowed: image/png, image/svg+xml, image/x-icon, \
             image/vnd.microsoft.icon, image/jpeg, image/webp"
                .to_owned(),
        ),
    ] {
        refused(&root.put(LOGO, &body).await, StatusCode::BAD_REQUEST, &error);
    }
    let json_of = |bytes: &[u8], content_type: &str| json!({ "data": STANDARD.encode(bytes), "contentType": content_type });
    let mut longer = png(100);
    longer.extend_from_slice(b"<script>");
    for body in [
        json!({ "data": "*", "contentType": "image/png" }),
        json!({ "data": "", "contentType": "image/png" }),
        json_of(&png(100), "image/jpeg"),
        json_of(&png(100)[..90], "image/png"),
        json_of(&longer, "image/png"),
        json_of(b"<script>alert(1)</script>", "image/svg+xml"),
        json_of(DRAWING.as_bytes(), "image/png"),
        json_of(&png(512 * 1024 + 1), "image/png"),
    ] {
        let answer = refused(&root.put(LOGO, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], json!(["data"]), "{answer}");
    }
    let active = DRAWING.replace("<path", "<script>alert(1)</script><path");
    for bytes in [Vec::new(), b"GIF89a".to_vec(), active.into_bytes(), png(100)[..50].to_vec()] {
        let answer = upload(&mut root, LOGO, bytes, Some("application/octet-stream")).await;
        refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
    }
    let answer = upload(&mut root, LOGO, png(100), Some("image/webp")).await;
    let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(body["details"][0]["message"], "the file is image/png, not image/webp");
    let answer = upload(&mut root, LOGO, b"{".to_vec(), Some("application/json")).await;
    refused(&answer, StatusCode::BAD_REQUEST, "Invalid JSON");
    refused(&root.get(LOGO).await, StatusCode::NOT_FOUND, "No logo asset found");
    assert_eq!(admins.count("org.branding.asset.uploaded").await, 0);
}

async fn an_upload_is_bounded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    // The largest picture fits in base64.
    let largest = png(512 * 1024);
    let as_json = json!({ "data": STANDARD.encode(&largest), "contentType": "image/png" });
    let asset = expect(&root.put(LOGO, &as_json).await, StatusCode::OK)["data"].clone();
    assert_eq!(asset["fileSize"], 512 * 1024);
    for content_type in ["application/json", "image/png"] {
        let answer = upload(&mut root, LOGO, vec![b' '; 1024 * 1024 + 1], Some(content_type)).await;
        refused(&answer, StatusCode::PAYLOAD_TOO_LARGE, "request entity too large");
    }
    // Other bodies are as small as ever.
    let large = json!({ "companyName": "x".repeat(100 * 1024) });
    let answer = root.put(BRANDING, &large).await;
    refused(&answer, StatusCode::PAYLOAD_TOO_LARGE, "request entity too large");
}

async fn there_are_two_kinds_of_pictures(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for kind in ["banner", "Logo", "logo%20"] {
        let path = format!("{BRANDING}/{kind}");
        for answer in
            [root.get(&path).await, upload(&mut root, &path, png(100), None).await, root.delete(&path).await]
        {
            let text = "Invalid asset type. Must be \"logo\" or \"favicon\"";
            refused(&answer, StatusCode::BAD_REQUEST, text);
        }
    }
}
