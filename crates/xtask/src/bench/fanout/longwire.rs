//! The configurations of `longwire serve` that are measured.

use std::fmt::Write as _;

/// The key of the HTTP API, on loopback for as long as a measurement takes.
pub(super) const API_KEY: &str = "fan-out-measurement";

/// How much may wait in one session, be given to its connection at a time, and still wait there when
/// that much is given again: what they are where a configuration does not say.
pub(super) const QUEUED_KIB: u32 = 1024;
const IN_FLIGHT_KIB: u32 = 64;
const LOW_WATER_KIB: u32 = 64;
/// So much waits at the connection, and one publication more.
pub(super) const CONNECTION_KIB: u32 = IN_FLIGHT_KIB + LOW_WATER_KIB;

/// What is done with subscribers that do not read.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) name: &'static str,
    /// The code with which the server ends the session (`disconnect`) or the subscription (`gap`).
    pub(super) end: Option<u64>,
}

/// All of them.
pub(super) const POLICIES: &[Policy] = &[
    Policy { name: "disconnect", end: Some(3008) },
    Policy { name: "drop_oldest", end: None },
    Policy { name: "drop_new", end: None },
    Policy { name: "latest", end: None },
    Policy { name: "gap", end: Some(2500) },
];

/// Everybody may subscribe and publish, nothing is kept, nobody is present, and there are no heartbeats
/// within the time that a measurement takes: what the peers do and do not do, too.
const OPEN: &str = "\
[realtime]
allow_anonymous = true

[times]
ping_interval = \"1h\"

[default_namespace]
subscribe = \"anyone\"
publish = \"anyone\"
";

/// The file for one policy, or for where nobody is slow.
pub(super) fn configuration(policy: Option<&Policy>) -> String {
    let mut text = OPEN.to_owned();
    let Some(Policy { name, .. }) = policy else { return text };
    let _ = writeln!(text, "slow_consumer = \"{name}\"");
    if *name == "gap" {
        // Whoever is told of a gap has to be able to recover.
        text.push_str("history_size = 100\nrecover = true\n");
    }
    let _ = write!(
        text,
        "\n[limits]\nmax_in_flight_bytes = \"{IN_FLIGHT_KIB}KiB\"\nmax_queued_bytes = \"{QUEUED_KIB}KiB\"\n\
         \n[server]\noutbox_low_water_bytes = \"{LOW_WATER_KIB}KiB\"\n\n[api]\nkeys = [\"{API_KEY}\"]\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_has_its_configuration() {
        let all: Vec<toml::Table> =
            POLICIES.iter().map(|it| configuration(Some(it)).parse().unwrap()).collect();
        for (policy, table) in POLICIES.iter().zip(&all) {
            assert_eq!(table["default_namespace"]["slow_consumer"].as_str(), Some(policy.name));
            assert_eq!(table["limits"]["max_queued_bytes"].as_str(), Some("1024KiB"));
            let recovers = table["default_namespace"].get("recover").is_some();
            assert_eq!(recovers, policy.name == "gap");
        }
        let plain: toml::Table = configuration(None).parse().unwrap();
        assert!(plain.get("api").is_none() && plain["default_namespace"].get("recover").is_none());
    }
}
