//! What options must not say together.

use std::collections::{BTreeMap, BTreeSet};

use longwire_realtime::{Access, Namespace, SlowConsumer};

use super::options::namespace_path;
use super::problem::{Place, Problem};
use super::settings::Settings;
use super::units::show_bytes;

/// The settings under examination.
pub(super) struct Rules<'a> {
    pub(super) settings: &'a Settings,
    /// Where options were given their values.
    pub(super) places: &'a BTreeMap<String, Place>,
    /// Options whose values are wrong by themselves, so that no more is said of them.
    pub(super) faulty: &'a BTreeSet<String>,
    pub(super) problems: Vec<Problem>,
}

impl Rules<'_> {
    /// Finds all that is broken.
    pub(super) fn check(mut self) -> Vec<Problem> {
        self.connections();
        self.sizes();
        self.tokens();
        let settings = self.settings;
        self.namespace(None, &settings.default_namespace);
        for (name, namespace) in &settings.namespaces {
            self.namespace(Some(name), namespace);
        }
        self.problems
    }

    /// Says that a rule is broken: at the first of these options that was given a value. The message
    /// goes on where the name of the first one ends.
    fn rule(&mut self, is_broken: bool, options: &[&str], message: &str) {
        if !is_broken || options.iter().any(|option| self.faulty.contains(*option)) {
            return;
        }
        let place = options.iter().find_map(|option| self.places.get(*option));
        if let (Some(place), Some(first)) = (place, options.first()) {
            self.problems.push(Problem::new(place.clone(), format!("{first} {message}")));
        }
    }

    fn connections(&mut self) {
        let Settings { server, times, http, .. } = self.settings;
        let seen: BTreeSet<_> = server.listen.iter().filter(|it| it.port() != 0).collect();
        let with_port = server.listen.iter().filter(|it| it.port() != 0).count();
        self.rule(server.listen.is_empty(), &["server.listen"], "must name one address at least");
        let twice = seen.len() < with_port;
        self.rule(twice, &["server.listen"], "must not name an address twice");
        let pings = !times.ping_interval.is_zero();
        self.rule(
            pings && times.pong_timeout >= times.ping_interval,
            &["times.pong_timeout", "times.ping_interval"],
            "must be shorter than times.ping_interval",
        );
        let in_vain = !pings && !times.pong_timeout.is_zero();
        if self.places.contains_key("times.pong_timeout") {
            let options = ["times.pong_timeout", "times.ping_interval"];
            self.rule(in_vain, &options, "waits for nothing where times.ping_interval is 0");
        }
        self.rule(
            http.allowed_origins.allows_all() && http.allowed_origins.texts().count() > 1,
            &["http.allowed_origins"],
            "must have nothing beside \"*\", which allows everybody",
        );
    }

    fn sizes(&mut self) {
        let Settings { server, limits, .. } = self.settings;
        let publication = limits.max_publication_bytes;
        let room_for_one = format!(
            "must have room for a publication of limits.max_publication_bytes, {}",
            show_bytes(publication as u64)
        );
        self.rule(
            server.limits.max_message_bytes < publication as u64,
            &["server.max_message_bytes", "limits.max_publication_bytes"],
            &room_for_one,
        );
        self.rule(
            server.max_body_bytes < publication,
            &["server.max_body_bytes", "limits.max_publication_bytes"],
            &room_for_one,
        );
        let in_flight = usize::try_from(limits.max_in_flight_bytes).unwrap_or(usize::MAX);
        self.rule(
            server.max_outbox_bytes < in_flight.saturating_add(publication),
            &[
                "server.max_outbox_bytes",
                "limits.max_in_flight_bytes",
                "limits.max_publication_bytes",
            ],
            "must have room for limits.max_in_flight_bytes and limits.max_publication_bytes together",
        );
        self.rule(
            server.outbox_high_water_bytes > server.max_outbox_bytes,
            &["server.outbox_high_water_bytes", "server.max_outbox_bytes"],
            "must not be above server.max_outbox_bytes",
        );
        self.rule(
            server.outbox_low_water_bytes > server.outbox_high_water_bytes,
            &["server.outbox_low_water_bytes", "server.outbox_high_water_bytes"],
            "must not be above server.outbox_high_water_bytes",
        );
        self.rule(
            server.head_limits.max_start_line_bytes > server.head_limits.max_head_bytes,
            &["server.max_request_line_bytes", "server.max_head_bytes"],
            "must not be above server.max_head_bytes",
        );
    }

    fn tokens(&mut self) {
        let tokens = &self.settings.tokens;
        self.rule(
            tokens.hmac_secret.is_some() && tokens.hmac_secret_file.is_some(),
            &["tokens.hmac_secret", "tokens.hmac_secret_file"],
            "and tokens.hmac_secret_file must not be given both",
        );
        let in_vain =
            "is of no use without a key to verify tokens with, such as tokens.hmac_secret";
        let has_key = tokens.has_key();
        self.rule(!has_key && tokens.audience.is_some(), &["tokens.audience"], in_vain);
        self.rule(!has_key && tokens.issuer.is_some(), &["tokens.issuer"], in_vain);
    }

    fn namespace(&mut self, name: Option<&str>, it: &Namespace) {
        let path = |option: &str| namespace_path(name, option);
        let history_size = path("history_size");
        let no_history = it.history_size == 0;
        let needs_history = format!("needs history: set {history_size} to 1 or more");
        let of_history =
            [("recover", it.recover), ("see_history", it.see_history != Access::Nobody)];
        for (option, is_wanted) in of_history {
            self.rule(no_history && is_wanted, &[&path(option), &history_size], &needs_history);
        }
        let presence = path("presence");
        let needs_presence = format!("needs {presence} = true");
        let of_presence = [
            ("join_leave", it.join_leave),
            ("see_presence", it.see_presence != Access::Nobody),
            ("presence_grace", !it.presence_grace.is_zero()),
        ];
        for (option, is_wanted) in of_presence {
            self.rule(!it.presence && is_wanted, &[&path(option), &presence], &needs_presence);
        }
        self.rule(
            it.slow_consumer == SlowConsumer::Gap && !it.recover,
            &[&path("slow_consumer"), &path("recover")],
            &format!("= \"gap\" needs {} = true", path("recover")),
        );
        self.rule(
            it.position_ttl < it.history_ttl,
            &[&path("position_ttl"), &path("history_ttl")],
            &format!("must not be shorter than {}", path("history_ttl")),
        );
        let limits = &self.settings.limits;
        let max_history_bytes = path("max_history_bytes");
        self.rule(
            !no_history && it.max_history_bytes > limits.max_history_bytes,
            &[&max_history_bytes, "limits.max_history_bytes"],
            "must not be above limits.max_history_bytes, which is for all channels together",
        );
        self.rule(
            !no_history && it.max_history_bytes < limits.max_publication_bytes,
            &[&max_history_bytes, "limits.max_publication_bytes"],
            "must have room for a publication of limits.max_publication_bytes",
        );
    }
}
