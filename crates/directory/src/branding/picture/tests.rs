//! Which uploads are accepted, by content alone.

use super::*;

fn chunk(name: &[u8], data: &[u8]) -> Vec<u8> {
    let mut all = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    all.extend([name, data, b"CRC!"].concat());
    all
}

fn png() -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &[0; 13]), chunk(b"IDAT", b"data"), chunk(b"IEND", b"")]
        .concat()
}

fn webp() -> Vec<u8> {
    let mut file = b"RIFF\x10\0\0\0WEBPVP8L\x04\0\0\0".to_vec();
    file.extend(b"data");
    file
}

fn ico() -> Vec<u8> {
    let mut file = vec![0, 0, 1, 0, 1, 0];
    file.extend([16, 16, 0, 0, 1, 0, 32, 0, 4, 0, 0, 0, 22, 0, 0, 0]);
    file.extend(b"data");
    file
}

fn jpeg() -> Vec<u8> {
    b"\xff\xd8\xff\xe0\0\x10JFIF\0data\xff\xd9".to_vec()
}

fn bitmaps() -> [(PictureType, Vec<u8>); 4] {
    [
        (PictureType::Png, png()),
        (PictureType::Jpeg, jpeg()),
        (PictureType::Webp, webp()),
        (PictureType::Ico, ico()),
    ]
}

fn drawing(inside: &str) -> String {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">{inside}</svg>")
}

fn drawn(text: &str) -> String {
    let (found, data) = validate(text.as_bytes()).unwrap();
    assert_eq!(found, PictureType::Svg);
    String::from_utf8(data).unwrap()
}

fn refusal(text: &str) -> String {
    validate(text.as_bytes()).expect_err(text)
}

#[test]
fn whole_bitmaps_are_kept_as_they_are() {
    for (expected, file) in bitmaps() {
        assert_eq!(validate(&file), Ok((expected, file.clone())));
    }
}

#[test]
fn bitmaps_that_are_cut_off_or_go_on_are_refused() {
    for (kind, file) in bitmaps() {
        for length in 1..file.len() {
            assert!(validate(&file[..length]).is_err(), "{kind} cut at {length}");
        }
        for tail in [&b"<script>alert(1)</script>"[..], b"PK\x03\x04", b"%PDF-1.7", b"\0"] {
            assert!(validate(&[&file, tail].concat()).is_err(), "{kind} and {tail:?}");
        }
    }
}

#[test]
fn numbers_that_lie_are_refused_and_do_not_overflow() {
    let endless = chunk(b"IHDR", &[0; 13]);
    for lie in [[0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0, 0, 0, 99]] {
        let mut file = [&b"\x89PNG\r\n\x1a\n"[..], &endless].concat();
        file[8..12].copy_from_slice(&lie);
        assert!(validate(&file).is_err());
        let mut file = webp();
        file[16..20].copy_from_slice(&lie);
        assert!(validate(&file).is_err());
        let mut file = ico();
        file[18..22].copy_from_slice(&lie);
        assert!(validate(&file).is_err());
    }
    let mut file = ico();
    file[4..6].copy_from_slice(&[0xff, 0xff]);
    assert!(validate(&file).is_err());
    assert!(validate(&[0, 0, 1, 0, 0, 0]).is_err(), "an icon of nothing");
}

#[test]
fn anything_else_is_refused_whatever_it_calls_itself() {
    for file in [
        &b""[..],
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"BM\x1e\0\0\0",
        b"%PDF-1.7 <svg xmlns='http://www.w3.org/2000/svg'/>",
        b"PK\x03\x04",
        b"MZ",
        b"#!/bin/sh",
        b"GIF89a/*<svg/>*/=alert(1)//",
        b"\x1f\x8b\x08\0\0\0\0\0",
        b"\0\0\0\x1cftypavif",
        b"\xff\xfe<\0s\0v\0g\0/\0>\0",
        b"logo.png",
        b"\xff\xd8<script>alert(1)</script>\xff\xd9",
    ] {
        assert!(validate(file).is_err(), "{file:?}");
    }
    for text in [
        "<html><script>alert(1)</script></html>",
        "<!doctype html><p>",
        "<?php system('id') ?>",
        "<",
        "<svg/>",
    ] {
        refusal(text);
    }
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let problem = validate(&vec![0x89; 10 << 20]).unwrap_err();
    assert!(problem.contains("512 KiB"), "{problem}");
    let quotes = "&quot;".repeat(10);
    let mut grown = drawing(&format!("<title>{}</title>", "\"".repeat(BrandingAsset::MAX_BYTES / 2)));
    assert!(grown.len() < BrandingAsset::MAX_BYTES && quotes.len() == 60);
    assert!(refusal(&grown).contains("512 KiB"), "it grows while it is written anew");
    grown.truncate(100);
    refusal(&grown);
}

#[test]
fn a_drawing_keeps_its_shapes_paint_and_words() {
    let inside = "<title>Harbor &amp; Sons</title><defs><linearGradient id=\"a\"><stop offset=\"0\" stop-color=\"#0b6\"/>\
         </linearGradient><style>.b{fill:url(#a);stroke:red}</style></defs>\
         <g transform=\"scale(2)\"><path class=\"b\" d=\"M0 0h9\" style=\"opacity:.5;fill:url('#a')\"/></g>\
         <text x=\"1\">a <tspan>b</tspan></text><use href=\"#a\"></use>";
    let kept = drawn(&drawing(inside));
    for part in [
        "Harbor &amp; Sons",
        "fill:url(#a)",
        "d=\"M0 0h9\"",
        "<tspan>b</tspan>",
        "scale(2)",
        "<use href=\"#a\">",
    ] {
        assert!(kept.contains(part), "{part}: {kept}");
    }
    assert!(kept.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">"), "{kept}");
    assert_eq!(drawn(&kept), kept, "written anew it is the same");
    let with_head =
        format!("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by hand -->\n{}", drawing(""));
    assert_eq!(drawn(&with_head), drawing(""));
}

#[test]
fn what_editors_leave_behind_is_dropped() {
    let text = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         xmlns:i=\"http://www.inkscape.org/namespaces/inkscape\" i:version=\"1\" data-name=\"x\">\
         <metadata><i:a>secret</i:a></metadata><i:view><script>alert(1)</script></i:view>\
         <use xlink:href=\"#x\"/><path id=\"x\" d=\"M0 0\" i:label=\"y\"/>words</svg>";
    let kept = drawn(text);
    assert_eq!(
        kept,
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><use href=\"#x\"></use><path id=\"x\" d=\"M0 0\"></path></svg>"
    );
}

#[test]
fn what_could_run_move_or_embed_is_refused_by_name() {
    for (inside, name) in [
        ("<script>alert(1)</script>", "script"),
        ("<g><script href=\"https://evil.example/x.js\"/></g>", "script"),
        ("<foreignObject><p xmlns=\"http://www.w3.org/1999/xhtml\">x</p></foreignObject>", "foreignObject"),
        ("<animate attributeName=\"href\" values=\"javascript:alert(1)\"/>", "animate"),
        ("<set attributeName=\"onload\" to=\"alert(1)\"/>", "set"),
        ("<animateTransform/>", "animateTransform"),
        ("<image href=\"https://evil.example/x.png\"/>", "image"),
        ("<image href=\"data:image/svg+xml,x\"/>", "image"),
        ("<a href=\"javascript:alert(1)\"><path/></a>", "a"),
        ("<iframe/>", "iframe"),
        ("<feImage href=\"https://evil.example/\"/>", "feImage"),
        ("<handler/>", "handler"),
        ("<SCRIPT/>", "SCRIPT"),
        ("<path onclick=\"alert(1)\"/>", "onclick"),
        ("<path ONLOAD=\"alert(1)\"/>", "ONLOAD"),
    ] {
        let problem = refusal(&drawing(inside));
        assert!(problem.contains(&format!("`{name}`")), "{inside}: {problem}");
    }
    let outermost = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    assert!(refusal(outermost).contains("`onload`"));
}

#[test]
fn references_that_lead_out_are_refused() {
    for inside in [
        "<use href=\"https://evil.example/x.svg#a\"/>",
        "<use href=\"//evil.example/x.svg#a\"/>",
        "<use href=\"x.svg#a\"/>",
        "<use href=\"#\"/>",
        "<use href=\"\"/>",
        "<use xmlns:l=\"http://www.w3.org/1999/xlink\" l:href=\"data:image/svg+xml,x#a\"/>",
        "<use xmlns:l=\"http://www.w3.org/1999/xlink\" l:href=\"&#106;avascript:alert(1)\"/>",
        "<path href=\"#a\"/>",
        "<path fill=\"url(https://evil.example/#a)\"/>",
        "<path fill=\"url( &quot;https://evil.example/#a&quot;)\"/>",
        "<path fill=\"URL(//evil.example)\"/>",
        "<path style=\"background:url(data:image/png;base64,x)\"/>",
        "<path style=\"fill:u\\72l(https://evil.example)\"/>",
        "<path style=\"fill:image-set('https://evil.example' 1x)\"/>",
        "<style>@import 'https://evil.example/x.css';</style>",
        "<style>@font-face{src:url(https://evil.example)}</style>",
        "<style>path{fill:url('https://evil.example')}</style>",
        "<style><![CDATA[path{fill:url(https://evil.example)}]]></style>",
        "<style>path{fill:ur<!-- -->l(https://evil.example)}</style>",
    ] {
        refusal(&drawing(inside));
    }
}

#[test]
fn document_types_entities_and_instructions_are_refused() {
    let laughs = "<!DOCTYPE svg [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>";
    let svg = drawing("<title>&c;</title>");
    for text in [
        format!("{laughs}{svg}"),
        format!("<!DOCTYPE svg SYSTEM \"file:///etc/passwd\">{}", drawing("")),
        format!(
            "<!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}",
            drawing("<title>&x;</title>")
        ),
        drawing("<title>&unknown;</title>"),
        format!("<?xml-stylesheet href=\"https://evil.example/x.css\"?>{}", drawing("")),
        drawing("<?php echo 1 ?>"),
        drawing("<title>\u{0}</title>"),
        drawing("<g>"),
        format!("{}<p/>", drawing("")),
        "<svg xmlns=\"http://www.w3.org/1999/xhtml\"/>".to_owned(),
    ] {
        refusal(&text);
    }
}

#[test]
fn drawings_made_to_exhaust_are_refused_quickly() {
    let deep = format!("{}{}", "<g>".repeat(60_000), "</g>".repeat(60_000));
    refusal(&drawing(&deep));
    let deep = format!("{}{}", "<g>".repeat(65), "</g>".repeat(65));
    assert!(refusal(&drawing(&deep)).contains("64 levels"));
    refusal(&drawing(&"<g/>".repeat(30_000)));
    let level = |n: u32| format!("<g id=\"l{n}\"><use href=\"#l{}\"/><use href=\"#l{}\"/></g>", n + 1, n + 1);
    let laughs: String = (0..30).map(level).collect();
    assert!(refusal(&drawing(&laughs)).contains("`use`"));
    refusal(&drawing("<g id=\"a\"><g><use href=\"#a\"/></g></g>"));
}

#[test]
fn words_cannot_become_markup() {
    let kept = drawn(&drawing(
        "<title>&lt;script&gt;alert(1)&lt;/script&gt;</title><desc><![CDATA[</desc><script>]]></desc>",
    ));
    assert!(!kept.contains("<script"), "{kept}");
    let kept = drawn(&drawing("<path aria-label=\"&quot;&gt;&lt;script&gt;\"/>"));
    assert!(kept.contains("aria-label=\"&quot;&gt;&lt;script&gt;\""), "{kept}");
}
