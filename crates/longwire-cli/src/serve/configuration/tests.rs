//! Configurations as people write them, and exactly what becomes of them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use longwire_realtime::{Access, SlowConsumer};

use super::given::Given;
use super::options::{SECTIONS, Target};
use super::{Configuration, LoadError, Sources};

const NAME: &str = "conf/longwire.toml";

/// What a configuration is made of.
#[derive(Default)]
struct Case<'a> {
    /// `conf/longwire.toml`, named on the command line.
    file: Option<&'a str>,
    variables: &'a [(&'a str, &'a str)],
    flags: Vec<(&'static str, [&'static str; 2], Given)>,
    /// More files.
    files: &'a [(&'a str, &'a str)],
}

impl Case<'_> {
    fn load(&self) -> Result<Configuration, LoadError> {
        let mut files: BTreeMap<&str, &str> = self.files.iter().copied().collect();
        files.extend(self.file.map(|text| (NAME, text)));
        let variable = |(name, value): &(&str, &str)| (name.to_string(), Some(value.to_string()));
        Configuration::load(&Sources {
            config: self.file.map(|_| NAME.into()),
            variables: self.variables.iter().map(variable).collect(),
            flags: self.flags.clone(),
            read: &|path: &Path| {
                let text = files.get(path.to_str().unwrap());
                text.map(|text| text.to_string()).ok_or_else(|| io::ErrorKind::NotFound.into())
            },
        })
    }

    fn right(&self) -> Configuration {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    fn problems(&self) -> Vec<String> {
        match self.load() {
            Err(LoadError::Wrong(problems)) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }
}

fn file(text: &str) -> Case<'_> {
    Case { file: Some(text), ..Case::default() }
}

fn variables<'a>(variables: &'a [(&'a str, &'a str)]) -> Case<'a> {
    Case { variables, ..Case::default() }
}

/// Each file has one fault; the message is without the name of the file.
#[test]
fn what_is_wrong_in_a_file() {
    let table = [
        // Not TOML.
        ("[server\n", "1:8: not TOML: unclosed table, expected `]`"),
        (
            "[log]\nlevel = loud",
            "2:9: not TOML: string values must be quoted, expected literal string",
        ),
        ("[log]\nlevel = 'info'\nlevel = 'warn'", "3:1: not TOML: duplicate key"),
        // Names.
        ("[sever]", "1:2: unknown section [sever]; did you mean [server]?"),
        ("[namespace.chat]", "1:2: unknown section [namespace]; did you mean [namespaces.chat]?"),
        (
            "[redis]",
            "1:2: unknown section [redis]; `longwire check-config --print` shows all that there are",
        ),
        ("[[server]]", "1:3: `server` must be a section, [server]"),
        ("namespaces = ['chat']", "1:1: `namespaces` must be a section, [namespaces]"),
        (
            "[namespaces]\nchat = true",
            "2:1: `namespaces.chat` must be a section, [namespaces.chat]",
        ),
        ("threads = 2", "1:1: `threads` stands in no section; it belongs in [server]"),
        (
            "colour = 2",
            "1:1: unknown key `colour` in no section; `longwire check-config --print` shows all that there are",
        ),
        ("[server]\nlisen = []", "2:1: unknown key `lisen` in [server]; did you mean `listen`?"),
        (
            "[server]\n  subscribe = 2",
            "2:3: unknown key `subscribe` in [server]; `subscribe` belongs in [default_namespace]",
        ),
        (
            "[server]\ncolour = 2",
            "2:1: unknown key `colour` in [server]; `longwire check-config --print` shows all that there are",
        ),
        (
            "namespaces.chat.histroy_size = 2",
            "1:17: unknown key `histroy_size` in [namespaces.chat]; did you mean `history_size`?",
        ),
        (
            "[default_namespace]\nrecovery = true",
            "2:1: unknown key `recovery` in [default_namespace]; did you mean `recover`?",
        ),
        (
            "[namespaces.'a b']",
            "1:13: a namespace must be named with 1 to 64 letters, digits, `-`, `.` and `_`, begin and end with a letter or digit, and not have `__` in it, not \"a b\"",
        ),
        // Times and sizes.
        (
            "[times]\nping_interval = 25",
            "2:17: times.ping_interval must have a unit: \"25s\", not 25",
        ),
        (
            "[times]\nping_interval = '25'",
            "2:17: times.ping_interval must have a unit: \"25s\", not \"25\"",
        ),
        (
            "[times]\nping_interval = '2min'",
            "2:17: times.ping_interval must be a whole number and one of the units ms, s, m, h, d, such as \"25s\", not \"2min\"",
        ),
        (
            "[times]\nping_interval = 2.5",
            "2:17: times.ping_interval must be a whole number and one of the units ms, s, m, h, d, such as \"25s\", not a number with a fraction",
        ),
        (
            "[times]\nping_interval = '2h'",
            "2:17: times.ping_interval must be from 0s to 1h, not \"2h\"",
        ),
        (
            "[limits]\nmax_publication_bytes = 65536",
            "2:25: limits.max_publication_bytes must have a unit: \"64KiB\", not 65536",
        ),
        (
            "[limits]\nmax_publication_bytes = '64k'",
            "2:25: limits.max_publication_bytes must be a whole number and one of the units B, KiB, MiB, GiB, such as \"64KiB\", not \"64k\"",
        ),
        (
            "[limits]\nmax_in_flight_bytes = '5GiB'",
            "2:23: limits.max_in_flight_bytes must be from 1KiB to 1GiB, not \"5GiB\"",
        ),
        // Counts, flags, words, text.
        ("[server]\nthreads = '4'", "2:11: server.threads must be 4 without quotes"),
        (
            "[server]\nthreads = 0",
            "2:11: server.threads must be a whole number from 1 to 1024, not 0",
        ),
        (
            "[server]\nthreads = -1",
            "2:11: server.threads must be a whole number from 1 to 1024, not a number below 0 or far too large",
        ),
        (
            "[server]\nthreads = true",
            "2:11: server.threads must be a whole number from 1 to 1024, not true",
        ),
        ("[http]\npage = 'true'", "2:8: http.page must be true without quotes"),
        ("[http]\npage = 1", "2:8: http.page must be true or false, not 1"),
        (
            "[log]\nlevel = 'loud'",
            "2:9: log.level must be \"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\", not \"loud\"",
        ),
        (
            "[default_namespace]\npublish = true",
            "2:11: default_namespace.publish must be \"nobody\", \"users\" or \"anyone\", not true",
        ),
        (
            "[realtime]\nnode = ''",
            "2:8: realtime.node must be text of 1 to 255 printable characters, not \"\"",
        ),
        (
            "[tokens]\nissuer = 1979-05-27",
            "2:10: tokens.issuer must be text of 1 to 255 printable characters, not a date",
        ),
        // Lists.
        (
            "[server]\nlisten = '127.0.0.1:1'",
            "2:10: server.listen must be a list of addresses, such as [\"127.0.0.1:8000\"], not \"127.0.0.1:1\"",
        ),
        ("[server]\nlisten = []", "2:10: server.listen must name one address at least"),
        (
            "[server]\nlisten = ['[::1]:1', '[::1]:1']",
            "2:10: server.listen must not name an address twice",
        ),
        (
            "[server]\nlisten = ['127.0.0.1:1',\n 'localhost:8000']",
            "3:2: server.listen must have items that are no names here: 127.0.0.1:8000, or [::1]:8000, not \"localhost:8000\"",
        ),
        (
            "[http]\nallowed_origins = ['example.com']",
            "2:20: http.allowed_origins must have items that are an origin such as \"https://example.com\" or \"https://*.example.com\", or \"*\", not \"example.com\"",
        ),
        (
            "[http]\nallowed_origins = ['*', 'https://a.org']",
            "2:19: http.allowed_origins must have nothing beside \"*\", which allows everybody",
        ),
        // Secrets, which are not repeated.
        (
            "[api]\nkeys = ['0123456789abcde']",
            "2:9: api.keys must have items that are at least 16 characters long, not this text",
        ),
        (
            "[api]\nkeys = [12345678901234567]",
            "2:9: api.keys must have items that are text, not a number",
        ),
        (
            "[api]\nkeys = '0123456789abcdef'",
            "2:8: api.keys must be a list of texts, not this text",
        ),
        (
            "[tokens]\nhmac_secret = 'secret'",
            "2:15: tokens.hmac_secret must be at least 32 characters long",
        ),
        ("[tokens]\nhmac_secret = 5", "2:15: tokens.hmac_secret must be text, not a number"),
        (
            "[api]\nkeys_file = 'keys'",
            "2:13: api.keys_file names conf/keys, which cannot be read: entity not found",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(file(text).problems(), [format!("{NAME}:{expected}")], "{text}");
    }
}

#[test]
fn what_does_not_go_together() {
    let table = [
        (
            "[namespaces.a]\nrecover = true",
            "2:11: namespaces.a.recover needs history: set namespaces.a.history_size to 1 or more",
        ),
        (
            "[default_namespace]\nsee_history = 'users'",
            "2:15: default_namespace.see_history needs history: set default_namespace.history_size to 1 or more",
        ),
        (
            "[namespaces.a]\njoin_leave = true",
            "2:14: namespaces.a.join_leave needs namespaces.a.presence = true",
        ),
        (
            "[namespaces.a]\nsee_presence = 'users'",
            "2:16: namespaces.a.see_presence needs namespaces.a.presence = true",
        ),
        (
            "[namespaces.a]\npresence_grace = '5s'",
            "2:18: namespaces.a.presence_grace needs namespaces.a.presence = true",
        ),
        (
            "[namespaces.a]\nslow_consumer = 'gap'",
            "2:17: namespaces.a.slow_consumer = \"gap\" needs namespaces.a.recover = true",
        ),
        (
            "[namespaces.a]\nposition_ttl = '1m'",
            "2:16: namespaces.a.position_ttl must not be shorter than namespaces.a.history_ttl",
        ),
        (
            "[namespaces.a]\nhistory_size = 1\nmax_history_bytes = '1GiB'",
            "3:21: namespaces.a.max_history_bytes must not be above limits.max_history_bytes, which is for all channels together",
        ),
        (
            "[namespaces.a]\nhistory_size = 1\nmax_history_bytes = '63KiB'",
            "3:21: namespaces.a.max_history_bytes must have room for a publication of limits.max_publication_bytes",
        ),
        (
            "[times]\nping_interval = '5s'",
            "2:17: times.pong_timeout must be shorter than times.ping_interval",
        ),
        (
            "[times]\npong_timeout = '25s'",
            "2:16: times.pong_timeout must be shorter than times.ping_interval",
        ),
        (
            "[times]\nping_interval = '0s'\npong_timeout = '1s'",
            "3:16: times.pong_timeout waits for nothing where times.ping_interval is 0",
        ),
        (
            "[server]\nmax_message_bytes = '1KiB'",
            "2:21: server.max_message_bytes must have room for a publication of limits.max_publication_bytes, 64KiB",
        ),
        (
            "[server]\nmax_body_bytes = '1KiB'",
            "2:18: server.max_body_bytes must have room for a publication of limits.max_publication_bytes, 64KiB",
        ),
        (
            "[limits]\nmax_in_flight_bytes = '16MiB'",
            "2:23: server.max_outbox_bytes must have room for limits.max_in_flight_bytes and limits.max_publication_bytes together",
        ),
        (
            "[server]\noutbox_high_water_bytes = '17MiB'",
            "2:27: server.outbox_high_water_bytes must not be above server.max_outbox_bytes",
        ),
        (
            "[server]\noutbox_low_water_bytes = '1MiB'",
            "2:26: server.outbox_low_water_bytes must not be above server.outbox_high_water_bytes",
        ),
        (
            "[server]\nmax_head_bytes = '4KiB'",
            "2:18: server.max_request_line_bytes must not be above server.max_head_bytes",
        ),
        (
            "[tokens]\naudience = 'us'",
            "2:12: tokens.audience is of no use without a key to verify tokens with, such as tokens.hmac_secret",
        ),
        (
            "[tokens]\nissuer = 'us'",
            "2:10: tokens.issuer is of no use without a key to verify tokens with, such as tokens.hmac_secret",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(file(text).problems(), [format!("{NAME}:{expected}")], "{text}");
    }
}

#[test]
fn what_is_wrong_in_a_variable() {
    let table = [
        ("LONGWIRE_SERVER_LISTN", "x", "unknown variable; did you mean LONGWIRE_SERVER_LISTEN?"),
        ("LONGWIRE_LISTEN", "x", "unknown variable; did you mean LONGWIRE_SERVER_LISTEN?"),
        ("LONGWIRE_Server_LISTEN", "x", "unknown variable; did you mean LONGWIRE_SERVER_LISTEN?"),
        ("LONGWIRE_SERVER_listen", "x", "unknown variable; did you mean LONGWIRE_SERVER_LISTEN?"),
        ("LONGWIRE_", "x", "unknown variable; docs/configuration.md has all that there are"),
        (
            "LONGWIRE_SERVER_THREADS",
            "many",
            "server.threads must be a whole number from 1 to 1024, not \"many\"",
        ),
        (
            "LONGWIRE_SERVER_THREADS",
            "",
            "server.threads must be a whole number from 1 to 1024, not \"\"",
        ),
        ("LONGWIRE_HTTP_PAGE", "yes", "http.page must be true or false, not \"yes\""),
        (
            "LONGWIRE_TIMES_PING_INTERVAL",
            "25",
            "times.ping_interval must have a unit: \"25s\", not \"25\"",
        ),
        (
            "LONGWIRE_API_KEYS",
            "0123456789abcdef,short",
            "api.keys must have items that are at least 16 characters long, not this text",
        ),
        (
            "LONGWIRE_NAMESPACES_chat_HISTORY_SIZE",
            "1",
            "must name a namespace and, behind two underscores, an option, such as LONGWIRE_NAMESPACES_chat__HISTORY_SIZE",
        ),
        (
            "LONGWIRE_NAMESPACES_chat__HISTORY",
            "1",
            "unknown variable; did you mean LONGWIRE_NAMESPACES_chat__HISTORY_TTL?",
        ),
        (
            "LONGWIRE_NAMESPACES_a b__PRESENCE",
            "true",
            "a namespace must be named with 1 to 64 letters, digits, `-`, `.` and `_`, begin and end with a letter or digit, and not have `__` in it, not \"a b\"",
        ),
        (
            "LONGWIRE_DEFAULT_NAMESPACE_RECOVER",
            "true",
            "default_namespace.recover needs history: set default_namespace.history_size to 1 or more",
        ),
    ];
    for (name, value, expected) in table {
        let problems = variables(&[(name, value)]).problems();
        assert_eq!(problems, [format!("{name}: {expected}")], "{name}={value}");
    }
}

#[test]
fn a_variable_that_is_not_utf_8_is_refused() {
    for name in ["LONGWIRE_CONFIG", "LONGWIRE_REALTIME_NODE"] {
        let error = Configuration::load(&Sources {
            config: None,
            variables: vec![(name.to_owned(), None)],
            flags: Vec::new(),
            read: &|_| Err(io::ErrorKind::NotFound.into()),
        })
        .unwrap_err();
        assert_eq!(error.to_string(), format!("{name}: must be UTF-8\n1 error"));
    }
}

#[test]
fn all_that_is_wrong_is_told_in_the_order_of_the_lines() {
    let mut case = file(
        "[http]\npage = 1\n[namespaces.chat]\nhistory_size = 'x'\nrecover = true\npresnce = true\n\
         [namespaces.b]\nrecover = true\n[log]\nlevel = 2\n",
    );
    case.variables = &[("LONGWIRE_SERVER_THREADS", "0"), ("LONGWIRE_FOO", "1")];
    let error = case.load().unwrap_err().to_string();
    let expected = "\
conf/longwire.toml:2:8: http.page must be true or false, not 1
conf/longwire.toml:4:16: namespaces.chat.history_size must be a whole number from 0 to 1000000, not \"x\"
conf/longwire.toml:6:1: unknown key `presnce` in [namespaces.chat]; did you mean `presence`?
conf/longwire.toml:8:11: namespaces.b.recover needs history: set namespaces.b.history_size to 1 or more
conf/longwire.toml:10:9: log.level must be \"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\", not 2
LONGWIRE_FOO: unknown variable; docs/configuration.md has all that there are
LONGWIRE_SERVER_THREADS: server.threads must be a whole number from 1 to 1024, not \"0\"
7 errors";
    assert_eq!(error, expected);
}

#[test]
fn a_variable_wins_over_the_file_and_a_flag_over_both() {
    let text = "[server]\nthreads = 1\nmax_connections = 0x10\n[log]\nlevel = 'warn'\n\
                [http]\nallowed_origins = ['https://a.org']";
    let mut case = file(text);
    let threads = |settings: &Configuration| settings.settings.server().threads;
    assert_eq!(threads(&case.right()), 1);
    case.variables = &[
        ("LONGWIRE_SERVER_THREADS", "2"),
        ("LONGWIRE_HTTP_ALLOWED_ORIGINS", "https://b.org, https://c.org"),
    ];
    assert_eq!(threads(&case.right()), 2);
    case.flags = vec![("--threads", ["server", "threads"], Given::Number(Some(3)))];
    let configuration = case.right();
    assert_eq!(threads(&configuration), 3);
    let toml = configuration.to_toml();
    for line in [
        "threads = 3                                  # from --threads\n",
        "max_connections = 16                         # from conf/longwire.toml:3\n",
        "level = \"warn\"                               # from conf/longwire.toml:5\n",
        "allowed_origins = [\"https://b.org\", \"https://c.org\"] # from LONGWIRE_HTTP_ALLOWED_ORIGINS\n",
        "page = false                                 # default\n",
        "# issuer is not set\n",
    ] {
        assert!(toml.contains(line), "{line}{toml}");
    }
}

#[test]
fn a_variable_names_the_file() {
    let files = [("a.toml", "[realtime]\nnode = 'a'"), ("b.toml", "[realtime]\nnode = 'b'")];
    let case =
        Case { variables: &[("LONGWIRE_CONFIG", "a.toml")], files: &files, ..Case::default() };
    assert_eq!(&*case.right().settings.node, "a");
    let neither = variables(&[("LONGWIRE_CONFIG", "c.toml")]).load().unwrap_err();
    assert_eq!(neither.to_string(), "cannot read c.toml: entity not found");
    // The one on the command line wins.
    let both = Case { file: Some("[realtime]\nnode = 'flag'"), ..case };
    assert_eq!(&*both.right().settings.node, "flag");
}

#[test]
fn namespaces_come_from_sections_and_from_variables() {
    let mut case = file(
        "[namespaces.chat]\nhistory_size = 10\nhistory_ttl = '2d'\n[namespaces.\"v1.2\"]\n\
         [namespaces.a-b]\nslow_consumer = 'latest'\n[default_namespace]\nsubscribe = 'anyone'",
    );
    case.variables = &[
        ("LONGWIRE_NAMESPACES_chat__PUBLISH", "users"),
        ("LONGWIRE_NAMESPACES_live_scores__SUBSCRIBE", "anyone"),
        ("LONGWIRE_DEFAULT_NAMESPACE_PRESENCE", "true"),
    ];
    let realtime = case.right().settings.realtime(std::time::Duration::ZERO);
    let names: Vec<_> = realtime.namespaces.keys().map(String::as_str).collect();
    assert_eq!(names, ["a-b", "chat", "live_scores", "v1.2"]);
    let chat = &realtime.namespaces["chat"];
    assert_eq!((chat.history_size, chat.publish), (10, Access::Users));
    // What nobody set follows history.
    assert_eq!((chat.history_ttl, chat.position_ttl), (chat.history_ttl, chat.history_ttl));
    assert_eq!(chat.position_ttl.as_secs(), 2 * 24 * 60 * 60);
    // Nothing is inherited.
    assert_eq!((chat.subscribe, chat.presence), (Access::Nobody, false));
    assert_eq!(realtime.namespaces["live_scores"].subscribe, Access::Anyone);
    assert_eq!(realtime.namespaces["a-b"].slow_consumer, SlowConsumer::Latest);
    let default = &realtime.default_namespace;
    assert_eq!((default.subscribe, default.presence), (Access::Anyone, true));
}

#[test]
fn an_empty_configuration_grants_nothing() {
    let configuration = file("").right();
    let realtime = configuration.settings.realtime(std::time::Duration::ZERO);
    assert!(!configuration.is_development);
    assert!(!realtime.allow_anonymous);
    assert_eq!(*realtime.default_namespace, longwire_realtime::Namespace::default());
    assert!(!configuration.settings.api.is_on());
    assert!(!configuration.settings.http.page);
    assert!(!configuration.settings.http.allowed_origins.allows("http://localhost:3000", None));
    let summary = "\
listens on  127.0.0.1:8000
clients     none
API         off
namespaces  none
note: no client can connect: there is no key to verify tokens with, such as tokens.hmac_secret, \
and realtime.allow_anonymous is false
note: the HTTP API is off: there is no key in api.keys or api.keys_file
";
    assert_eq!(configuration.summary().to_string(), summary);
}

#[test]
fn without_a_configuration_everybody_may_do_everything_on_loopback() {
    let listen =
        |address: &str| vec![("--listen", ["server", "listen"], Given::Bare(address.to_owned()))];
    // Variables of Kubernetes, and of others, are no configuration.
    let none = &[
        ("LONGWIRE_PORT", "tcp://10.0.0.1:8000"),
        ("LONGWIRE_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("LONGWIRE_SERVICE_HOST", "10.0.0.1"),
        ("LONGWIRE_SERVICE_PORT", "8000"),
        ("LONGWIRE_SERVICE_PORT_HTTP", "8000"),
        ("PATH", "/bin"),
    ];
    let mut case = variables(none);
    for address in ["127.0.0.1:8000", "127.1.2.3:0", "[::1]:8000"] {
        case.flags = listen(address);
        let configuration = case.right();
        let settings = &configuration.settings;
        assert!(configuration.is_development);
        assert_eq!(settings.server().listen, [address.parse().unwrap()]);
        assert!(settings.allow_anonymous && settings.api.admits(None) && settings.http.page);
        let namespace = &settings.default_namespace;
        let access =
            [namespace.subscribe, namespace.publish, namespace.see_presence, namespace.see_history];
        assert_eq!(access, [Access::Anyone; 4]);
        assert!(namespace.is_recoverable() && namespace.presence && namespace.join_leave);
        assert!(configuration.notes()[0].starts_with("development mode"));
    }
    for address in ["0.0.0.0:8000", "[::]:8000", "192.0.2.1:8000"] {
        case.flags = listen(address);
        let expected = format!(
            "--listen: {address} is not a loopback address, and without a configuration everybody \
             may do everything; write one, docs/configuration.md has an example, and name it with \
             --config"
        );
        assert_eq!(case.problems(), [expected]);
    }
    // With a configuration that is the operator's decision.
    case.file = Some("");
    assert!(!case.right().is_development);
}

/// A public key made for this test, whose private key nobody has.
const ED25519_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

#[test]
fn keys_are_read_from_files() {
    let mut case = file(
        "[api]\nkeys = ['from-the-config-1']\nkeys_file = 'api-keys'\n[tokens]\n\
         hmac_secret_file = '/run/secret'\ned25519_public_key_file = '../ed25519.pem'\n\
         audience = 'us'\nissuer = 'them'",
    );
    let files = [
        ("conf/api-keys", "from-the-file-0001\n\n  from-the-file-0002 \n"),
        ("/run/secret", "0123456789abcdef0123456789abcdef\r\n"),
        ("conf/../ed25519.pem", ED25519_PUBLIC_KEY),
    ];
    case.files = &files;
    let configuration = case.right();
    let settings = &configuration.settings;
    for key in ["from-the-config-1", "from-the-file-0001", "from-the-file-0002"] {
        assert!(settings.api.admits(Some(key)), "{key}");
    }
    assert!(!settings.api.admits(Some("")));
    let verifier = format!("{:?}", settings.tokens.verifier());
    let expected = "Verifier { hmac: true, rsa: false, ecdsa: false, ed25519: true, \
                    audience: Some(\"us\"), issuer: Some(\"them\") }";
    assert_eq!(verifier, expected);
    let summary = configuration.summary().to_string();
    assert!(summary.contains("API         on, with 3 keys\n"), "{summary}");
    assert!(summary.contains("clients     with a token\n"), "{summary}");
}

#[test]
fn what_is_wrong_in_a_file_with_keys() {
    let table = [
        ("api.keys_file = 'k'", "\n \n", "17: api.keys_file has no key in it"),
        (
            "api.keys_file = 'k'",
            "0123456789abcdef\nshort",
            "17: api.keys_file has a key in line 2 that must be at least 16 characters long",
        ),
        (
            "tokens.hmac_secret_file = 'k'",
            "short",
            "27: tokens.hmac_secret_file has a secret that must be at least 32 characters long",
        ),
        (
            "tokens.rsa_public_key_file = 'k'",
            ED25519_PUBLIC_KEY,
            "30: tokens.rsa_public_key_file names a file that is not right: the key must be an RSA \
             public key in PEM",
        ),
        (
            "tokens.ecdsa_public_key_file = 'k'",
            ED25519_PUBLIC_KEY,
            "32: tokens.ecdsa_public_key_file names a file that is not right: the key must be an \
             ECDSA public key in PEM",
        ),
        (
            "tokens.ed25519_public_key_file = 'k'",
            "no key",
            "34: tokens.ed25519_public_key_file names a file that is not right: the key must be an \
             Ed25519 public key in PEM",
        ),
    ];
    for (text, keys, expected) in table {
        let case = Case { file: Some(text), files: &[("conf/k", keys)], ..Case::default() };
        assert_eq!(case.problems(), [format!("{NAME}:1:{expected}")], "{text}");
    }
    let both = "tokens.hmac_secret_file = 'k'\n\
                tokens.hmac_secret = '0123456789abcdef0123456789abcdef'";
    let files = [("conf/k", "0123456789abcdef0123456789abcdef")];
    let case = Case { file: Some(both), files: &files, ..Case::default() };
    let expected = "conf/longwire.toml:2:22: tokens.hmac_secret and tokens.hmac_secret_file must not \
                    be given both";
    assert_eq!(case.problems(), [expected]);
}

#[test]
fn secrets_are_not_printed() {
    let secrets =
        ["the-first-api-key-of-two", "0123456789abcdef0123456789abcdef", "key-in-a-file-01"];
    let text = format!(
        "[api]\nkeys = ['{}']\nkeys_file = 'k'\n[tokens]\nhmac_secret = '{}'",
        secrets[0], secrets[1]
    );
    let case = Case { file: Some(&text), files: &[("conf/k", secrets[2])], ..Case::default() };
    let configuration = case.right();
    let toml = configuration.to_toml();
    for text in [&toml, &configuration.summary().to_string(), &format!("{configuration:?}")] {
        for secret in secrets {
            assert!(!text.contains(secret), "{text}");
        }
    }
    for line in ["keys = [\"********\"]  ", "keys_file = \"k\"  ", "hmac_secret = \"********\"  "] {
        assert!(toml.contains(line), "{line}\n{toml}");
    }
}

/// All options of the node, of channels without a namespace, and of one namespace.
fn all_options() -> Vec<Target> {
    let of_node = SECTIONS.iter().flat_map(Target::all_of_section);
    let of_namespaces = [None, Some("chat")].into_iter().flat_map(Target::all_of_namespace);
    of_node.chain(of_namespaces).collect()
}

#[test]
fn what_is_printed_is_a_configuration_that_means_the_same() {
    for case in [Case::default(), file("[namespaces.chat]\n[namespaces.'v1.2']\nhistory_size = 3")]
    {
        let mut printed = case.right();
        let mut again = file(&printed.to_toml()).right();
        for target in all_options() {
            let [printed, again] =
                [&mut printed, &mut again].map(|it| target.slot(&mut it.settings).show());
            assert_eq!(printed, again, "{}", target.path());
        }
    }
}

/// A row that fills the place of another one, by a slip of the pen, would be seen here.
#[test]
fn each_option_fills_a_place_of_its_own() {
    let values = [
        "true",
        "false",
        "7",
        "2KiB",
        "17s",
        "anyone",
        "gap",
        "error",
        "json",
        "192.0.2.1:1",
        "https://example.com",
        "text that is long enough for every secret",
    ];
    let options = all_options();
    let default = super::Settings::default();
    let show_all = |settings: &mut super::Settings| {
        options.iter().map(|it| it.slot(settings).show()).collect::<Vec<_>>()
    };
    let defaults = show_all(&mut default.clone());
    for (index, target) in options.iter().enumerate() {
        let changed = values.iter().find_map(|value| {
            let mut settings = default.clone();
            target.slot(&mut settings).set(&Given::Bare((*value).to_owned())).ok()?;
            let is_changed = target.slot(&mut settings).show() != defaults[index];
            is_changed.then(|| show_all(&mut settings))
        });
        let changed = changed.unwrap_or_else(|| panic!("no value for {}", target.path()));
        for other in (0..options.len()).filter(|other| *other != index) {
            let paths = [target.path(), options[other].path()];
            assert_eq!(changed[other], defaults[other], "{paths:?}");
        }
    }
}

#[test]
fn the_example_of_the_page_is_right() {
    let page = include_str!("../../../../../docs/configuration.md");
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let files = [
        ("conf/api-keys", "the-first-key-of-all"),
        ("conf/token-secret", "0123456789abcdef0123456789abcdef"),
    ];
    let case = Case { file: Some(example), files: &files, ..Case::default() };
    let configuration = case.right();
    let settings = &configuration.settings;
    assert_eq!(settings.server().max_connections, 50_000);
    assert_eq!(settings.namespaces.keys().collect::<Vec<_>>(), ["chat", "prices"]);
    assert!(settings.namespaces["chat"].is_recoverable());
    assert_eq!(configuration.notes(), [""; 0]);
}
