//! Completion scripts and manual pages.

use crate::support::Installation;

#[test]
fn shells_complete_commands() {
    let installation = Installation::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = installation.succeed(&["completion", shell]).stdout;
        for word in ["branding", "set-password", "no-browser"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(installation.run(&["completion", "dos"]).code, 1);
}

#[test]
fn every_command_has_a_manual_page() {
    let installation = Installation::new();
    installation.succeed(&["manual", "man"]);
    for page in ["porta.1", "porta-org.1", "porta-org-create.1", "porta-user-roles-assign.1"] {
        assert!(installation.path("man").join(page).exists(), "{page}");
    }
}
