//! Examples in the help of commands: how each is used, with names that could be somebody's own.

use clap::Command;

/// Lines that can be run as they stand. Each belongs to the command that it begins with.
const EXAMPLES: &[&str] = &[
    "porta serve",
    "porta start",
    "porta dev --reset",
    "porta migrate up",
    "porta migrate status",
    "porta migrate plan --json",
    "porta migrate down",
    "porta init",
    "porta init --email ana@harbor.example --given-name Ana --family-name Berg --password-stdin",
    "porta init --env-file console.env",
    "porta init --dry-run",
    "porta seed run --dry-run",
    "porta backup /backups/monday",
    "porta keys list --org harbor",
    "porta keys generate --org harbor --alg EdDSA",
    "porta keys rotate --org harbor",
    "porta keys rotate --force",
    "porta keys revoke wRlKbUO2 --org harbor",
    "porta keys reseal --direct --dry-run",
    "porta config list --org harbor",
    "porta config get access_token_ttl",
    "porta config set access_token_ttl 15m --org harbor",
    "porta config unset access_token_ttl --org harbor",
    "porta org list --status suspended",
    "porta org show harbor",
    "porta org update harbor --name 'Harbor Logistics Ltd'",
    "porta org suspend harbor --reason 'not paid'",
    "porta org activate harbor",
    "porta org archive harbor --dry-run",
    "porta org restore harbor",
    "porta org history harbor --event org.",
    "porta org 2fa-policy harbor",
    "porta org 2fa-policy harbor required_any",
    "porta org destroy harbor --dry-run",
    "porta app list --org harbor",
    "porta app show dock-planner",
    "porta app update dock-planner --description 'Plans the docks'",
    "porta app activate dock-planner",
    "porta app deactivate dock-planner",
    "porta app archive dock-planner",
    "porta app restore dock-planner",
    "porta app history dock-planner --limit 10",
    "porta app module add dock-planner --name Berths",
    "porta app module list dock-planner",
    "porta app module update dock-planner berths --name 'Berths and cranes'",
    "porta app module deactivate dock-planner berths",
    "porta app role create dock-planner --name Planner",
    "porta app role list dock-planner",
    "porta app role show dock-planner planner",
    "porta app role update dock-planner planner --description 'Moves berths'",
    "porta app role delete dock-planner planner",
    "porta app role permissions dock-planner planner",
    "porta app role assign-permissions dock-planner planner --permission dock:berths:write",
    "porta app role remove-permissions dock-planner planner --permission dock:berths:write",
    "porta app permission create dock-planner --name 'Move berths' --slug dock:berths:write",
    "porta app permission list dock-planner",
    "porta app permission show dock-planner dock:berths:write",
    "porta app permission update dock-planner dock:berths:write --name 'Move all berths'",
    "porta app permission delete dock-planner dock:berths:write",
    "porta app claim create dock-planner --name terminal_code --type string --in-id-token",
    "porta app claim list dock-planner",
    "porta app claim show dock-planner terminal_code",
    "porta app claim update dock-planner terminal_code --in-userinfo false",
    "porta app claim delete dock-planner terminal_code",
    "porta client list --app dock-planner",
    "porta client show planner-web",
    "porta client update planner-web --redirect-uris https://planner.example/cb,https://a.example/cb",
    "porta client activate planner-web",
    "porta client deactivate planner-web",
    "porta client revoke planner-web",
    "porta client restore planner-web",
    "porta client history planner-web",
    "porta client login-methods get planner-web",
    "porta client login-methods set planner-web --methods password",
    "porta client login-methods clear planner-web",
    "porta client secret generate crane-feed --label crane-2026 --expires-in 180d",
    "porta client secret list crane-feed",
    "porta client secret revoke crane-feed 0193e0f2-7a4c-7000-8000-000000000001",
    "porta user list --org harbor --status locked",
    "porta user show kim@harbor.example --org harbor",
    "porta user update kim@harbor.example --org harbor --family-name Lee",
    "porta user deactivate kim@harbor.example --org harbor",
    "porta user reactivate kim@harbor.example --org harbor",
    "porta user suspend kim@harbor.example --org harbor --reason 'on leave'",
    "porta user unsuspend kim@harbor.example --org harbor",
    "porta user lock kim@harbor.example --org harbor --reason 'lost laptop'",
    "porta user unlock kim@harbor.example --org harbor",
    "porta user activate kim@harbor.example --org harbor",
    "porta user set-password kim@harbor.example --org harbor",
    "porta user clear-password kim@harbor.example --org harbor",
    "porta user verify-email kim@harbor.example --org harbor",
    "porta user export kim@harbor.example --org harbor",
    "porta user purge kim@harbor.example --org harbor",
    "porta user history kim@harbor.example --org harbor --event user.login",
    "porta user roles list kim@harbor.example --org harbor",
    "porta user roles assign kim@harbor.example --org harbor --role dock-planner:planner",
    "porta user roles remove kim@harbor.example --org harbor --role dock-planner:planner",
    "porta user claims list kim@harbor.example --org harbor",
    "porta user claims get kim@harbor.example --org harbor --app dock-planner \\\n    --claim terminal_code",
    "porta user claims set kim@harbor.example --org harbor --app dock-planner \\\n    --claim terminal_code --value T4",
    "porta user claims delete kim@harbor.example --org harbor --app dock-planner \\\n    --claim terminal_code",
    "porta user 2fa status kim@harbor.example --org harbor",
    "porta user 2fa disable kim@harbor.example --org harbor",
    "porta user 2fa reset kim@harbor.example --org harbor",
    "porta user 2fa recovery-codes regenerate kim@harbor.example --org harbor",
    "porta user doubles --direct",
    "porta audit cleanup --retention-days 365 --dry-run",
    "porta sessions list --org harbor",
    "porta sessions revoke 0193e0f2-7a4c-7000-8000-000000000001",
    "porta sessions revoke-user kim@harbor.example --org harbor",
    "porta stats show",
    "porta bulk execute --entity-type users --org harbor --action lock --reason 'lost laptops' \\\n    \
     --ids 0193e0f2-7a4c-7000-8000-000000000001,0193e0f2-7a4c-7000-8000-000000000002",
    "porta mail show 0193e0f2-7a4c-7000-8000-000000000001",
    "porta mail retry 0193e0f2-7a4c-7000-8000-000000000001",
    "porta mail withdraw 0193e0f2-7a4c-7000-8000-000000000001",
    "porta health --server https://porta.example",
    "porta health --direct",
    "porta logout --profile live",
    "porta whoami",
    "porta version",
    "porta doctor",
    "porta manual man1",
];

/// Adds examples to the help of every command that has none of its own.
pub(super) fn with_examples(mut root: Command) -> Command {
    add(&mut root, "porta");
    root
}

fn add(command: &mut Command, path: &str) {
    for below in command.get_subcommands_mut() {
        let path = format!("{path} {}", below.get_name());
        if below.has_subcommands() {
            add(below, &path);
        } else if below.get_after_help().is_none() {
            *below = std::mem::take(below).after_help(help(&path));
        }
    }
}

fn help(path: &str) -> String {
    let is_of =
        |line: &&&str| line.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    let lines: Vec<String> = EXAMPLES.iter().filter(is_of).map(|line| format!("  {line}")).collect();
    let title = if lines.len() == 1 { "Example" } else { "Examples" };
    format!("{title}:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use clap::{Command, Parser as _};

    use super::EXAMPLES;
    use crate::cli::{Cli, command};

    /// Words of a line, where quotes keep blanks together.
    fn words(line: &str) -> Vec<String> {
        let parts = line.split('\'').enumerate();
        let text: String = parts
            .map(|(i, part)| if i % 2 == 1 { part.replace(' ', "\0") } else { part.to_owned() })
            .collect();
        let words = text.split_whitespace().filter(|word| *word != "\\");
        words.map(|word| word.replace('\0', " ")).collect()
    }

    fn leaves(command: &Command, path: &str, all: &mut Vec<(String, String)>) {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let path = format!("{path} {}", below.get_name());
            if below.has_subcommands() {
                leaves(below, &path, all);
            } else {
                let help = below.get_after_help().map(ToString::to_string);
                all.push((path, help.unwrap_or_default()));
            }
        }
    }

    #[test]
    fn every_command_has_an_example() {
        let mut all = Vec::new();
        leaves(&command(), "porta", &mut all);
        assert!(all.len() > 100, "{}", all.len());
        for (path, help) in &all {
            let begins = |line: &str| line.contains(&format!("{path} ")) || line.ends_with(path.as_str());
            assert!(help.starts_with("Example") && help.lines().any(begins), "{path}: {help}");
        }
        for line in EXAMPLES {
            let is_of =
                |(path, _): &&(String, String)| *line == *path || line.starts_with(&format!("{path} "));
            let (path, help) = all.iter().find(is_of).unwrap();
            assert!(help.contains(*line), "{path} has examples of its own: {line}");
            assert!(line.lines().all(|line| line.len() <= 96), "help would break it: {line}");
        }
    }

    #[test]
    fn every_example_is_understood() {
        for line in EXAMPLES {
            let parsed = Cli::try_parse_from(words(line));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }
}
