//! Every command of the specification's catalogue is understood, with every option it has there.

use clap::Parser as _;

use crate::cli::Cli;

/// Needs nothing, or opens the database.
const LOCAL: &[&str] = &[
    "init --email a@b.c --given-name A --family-name B --password-stdin",
    "init --admin-gui-url https://a.example --gui-login-methods password,magic_link --env-file gui.env",
    "init --dry-run",
    "migrate up --dry-run",
    "migrate down --count 2",
    "migrate status",
    "seed run --dry-run",
    "health check",
    "health check --direct",
    "logout",
    "whoami",
    "version",
    "doctor",
    "completion bash",
    "completion zsh",
    "completion fish",
    "login --server https://a.example --client-id x --no-browser",
];

/// Asks a server, or with `--direct` the database.
const REMOTE: &[&str] = &[
    "user 2fa status u --org-id o",
    "user 2fa disable u --org o",
    "user 2fa reset u --org o",
    "user 2fa recovery-codes regenerate u --org o",
    "org create --name n --slug s --locale en --login-methods password,magic_link",
    "org list --status active --search t --page 1 --page-size 20",
    "org show o",
    "org update o --name n --default-locale en --login-methods password",
    "org suspend o --dry-run",
    "org activate o",
    "org archive o --dry-run",
    "org restore o",
    "org history o",
    "org branding o --primary-color #000000 --company-name n --custom-css c --logo-url l --favicon-url f",
    "org destroy o --dry-run",
    "app create --name n --slug s --description d",
    "app list --status active --search t --page 1 --page-size 20",
    "app show a",
    "app update a --name n --description d",
    "app archive a",
    "app activate a",
    "app deactivate a",
    "app history a",
    "app module add a --name n --slug s --description d",
    "app module create a --name n",
    "app module list a",
    "app module update a m --name n --description d",
    "app module deactivate a m",
    "app module remove a m",
    "app role create a --name n --slug s --description d",
    "app role list a",
    "app role show a r",
    "app role update a r --name n --description d",
    "app role delete a r",
    "app role archive a r",
    "app role assign-permissions a r --permission-ids ID,ID",
    "app role remove-permissions a r --permission-ids ID,ID",
    "app permission create a --name n --slug crm:contacts:read --description d",
    "app permission list a",
    "app permission show a p",
    "app permission update a p --name n --description d",
    "app permission delete a p",
    "app permission archive a p",
    "app claim create a --name n --type json --description d --in-id-token --in-access-token --in-userinfo",
    "app claim list a",
    "app claim show a c",
    "app claim update a c --description d",
    "app claim delete a c",
    "app claim archive a c",
    "client create --org o --app a --type public --application-type spa --redirect-uris u,v --name n",
    "client create --app a --login-methods inherit --scope openid --cors-origins u,v",
    "client list --app a --org o --status active --page 1 --page-size 20",
    "client show c",
    "client update c --name n --redirect-uris u,v --login-methods password,magic_link",
    "client activate c",
    "client deactivate c",
    "client revoke c",
    "client history c",
    "client login-methods get c",
    "client login-methods set c --methods password",
    "client login-methods clear c",
    "client secret generate c --label l --expires-in 30d",
    "client secret list c",
    "client secret revoke c ID",
    "user create --org o --email e --given-name g --family-name f --password-stdin",
    "user create --org o --email e --name n --passwordless",
    "user invite --org o --email e --name n",
    "user invite e --org o",
    "user list --org o --status active --search t --page 1 --page-size 20",
    "user show u --org o",
    "user update u --org o --given-name g --family-name f --email e",
    "user update u --org o --name n",
    "user deactivate u --org o",
    "user reactivate u --org o",
    "user suspend u --org o",
    "user unsuspend u --org o",
    "user unlock u --org o",
    "user lock u --org o --reason r",
    "user set-password u --org o",
    "user verify-email u --org o",
    "user export u --org o",
    "user purge u --org o --confirm",
    "user history u --org o",
    "user roles list u --org o",
    "user roles assign u --org o --role-ids ID,ID",
    "user roles remove u --org o --role a:r",
    "user claims set u --org o --app a --claim-id c --value v",
    "user claims get u --org o --app a --claim-id c",
    "user claims list u --org o --app a",
    "user claims delete u --org o --app a --claim-id c",
    "user claims remove u --org o --app a --claim-id c",
    "keys list",
    "keys generate --org o",
    "keys rotate",
    "config list",
    "config get k",
    "config set k v",
    "audit list --event e --org o --user u --since 2026-01-01 --limit 50",
    "audit cleanup --retention-days 30 --dry-run",
    "sessions list --user-id u --page 1 --page-size 20",
    "sessions revoke ID",
    "sessions revoke-user u",
    "stats show",
    "bulk execute --entity-type users --action lock --ids ID,ID --organization-id o --reason r",
    "exports download --entity-type users --format csv --org-id o -o f",
    "exports download --entity-type roles --format json --app-id a",
    "provision -f f --mode merge --dry-run",
    "provision --file f --mode overwrite",
];

/// What is refused here, as decision 0050 says.
const REFUSED: &[&str] = &[
    "init --password p",
    "user create --org o --email e --password p",
    "user create --org o --email e --no-notify",
    "user set-password u --org o --password p",
    "gui",
];

const ID: &str = "0193e0f2-0000-7000-8000-000000000001";

fn parsed(line: &str, more: &[&str]) -> Result<(), String> {
    let line = line.replace("ID", ID);
    let words = std::iter::once("porta").chain(line.split(' ')).chain(more.iter().copied());
    Cli::try_parse_from(words).map(drop).map_err(|error| error.to_string())
}

#[test]
fn every_command_of_the_catalogue_is_understood() {
    let everywhere = ["--json", "--verbose", "--force", "--quiet"];
    let at_server = ["--server", "https://a.example", "--profile", "p", "--ca-file", "f", "--insecure"];
    let direct =
        ["--direct", "--env-file", "f", "--database-url", "postgres://a/b", "--redis-url", "redis://a"];
    for line in LOCAL {
        assert_eq!(parsed(line, &everywhere), Ok(()), "{line}");
    }
    for line in REMOTE {
        for more in [&everywhere[..], &at_server, &direct] {
            assert_eq!(parsed(line, more), Ok(()), "{line} {more:?}");
        }
    }
    for line in REFUSED {
        assert!(parsed(line, &[]).is_err(), "{line}");
    }
}
