//! The measurements that can be selected on the command line.

use clap::ValueEnum;

use crate::results::Scenario;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    Discovery,
    Jwks,
    Robots,
    ClientCredentials,
    CodeExchange,
    Refresh,
    UserInfo,
    Introspection,
    SignIn,
    /// Client credentials beside crowds that sign in
    Flood,
    /// Whether the time of an answer tells accounts apart
    Timing,
}

impl Choice {
    /// The closed-loop scenario, run at each concurrency; `None` for choices that are measured differently.
    pub(crate) fn scenario(self) -> Option<Scenario> {
        Some(match self {
            Self::Discovery => Scenario::Discovery,
            Self::Jwks => Scenario::Jwks,
            Self::Robots => Scenario::Robots,
            Self::ClientCredentials => Scenario::ClientCredentials,
            Self::CodeExchange => Scenario::CodeExchange,
            Self::Refresh => Scenario::Refresh,
            Self::UserInfo => Scenario::UserInfo,
            Self::Introspection => Scenario::Introspection,
            Self::SignIn => Scenario::SignIn,
            Self::Flood | Self::Timing => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_chosen() {
        let chosen: Vec<_> = Choice::value_variants().iter().filter_map(|choice| choice.scenario()).collect();
        assert_eq!(chosen, Scenario::ALL);
    }
}
