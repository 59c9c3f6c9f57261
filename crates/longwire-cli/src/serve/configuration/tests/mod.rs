//! Configurations as people write them, and exactly what becomes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use longwire_gateway::Origins;
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

/// The cases of a table in text: lines of input, and behind `=>` what is said of them. Lines that begin
/// with `#` are comments.
fn cases(table: &str) -> Vec<(String, Vec<&str>)> {
    let mut cases: Vec<(String, Vec<&str>)> = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if cases.last().is_none_or(|(_, said)| !said.is_empty()) && !line.starts_with("=> ") {
            cases.push(Default::default());
        }
        let (input, said) = cases.last_mut().expect("there is input above what is said of it");
        match line.strip_prefix("=> ") {
            Some(message) => said.push(message),
            None => input.extend([line, "\n"]),
        }
    }
    cases
}

#[test]
fn what_is_wrong_in_a_file() {
    for (text, said) in cases(include_str!("wrong_files.txt")) {
        let expected: Vec<_> = said.iter().map(|it| format!("{NAME}:{it}")).collect();
        assert_eq!(file(&text).problems(), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_in_a_variable() {
    for (line, said) in cases(include_str!("wrong_variables.txt")) {
        let (name, value) = line.trim_end().split_once('=').unwrap();
        let expected: Vec<_> = said.iter().map(|it| format!("{name}: {it}")).collect();
        assert_eq!(variables(&[(name, value)]).problems(), expected, "{line}");
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
    let two_days = std::time::Duration::from_secs(2 * 24 * 60 * 60);
    assert_eq!((chat.history_ttl, chat.position_ttl), (two_days, two_days));
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
    assert_eq!(configuration.settings.http.allowed_origins, Origins::default());
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
        assert!(settings.allow_anonymous && settings.api.is_open() && settings.http.page);
        assert_eq!(settings.http.allowed_origins, Origins::of_this_machine());
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

/// The public key of RFC 8410 §10.1.
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
        assert!(settings.api.access().admits(Some(key)), "{key}");
    }
    assert!(!settings.api.access().admits(Some("")));
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
        // Whoever knows how people write comments would know a key.
        (
            "api.keys_file = 'k'",
            "# the keys of the shop\n0123456789abcdef",
            "17: api.keys_file has a key in line 1 that must not begin with `#`: there are no comments",
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

/// The names of the fields of a struct, from what it prints of itself.
fn fields(value: &impl std::fmt::Debug) -> Vec<String> {
    let text = format!("{value:#?}");
    let lines = text.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(':'));
    lines.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with(' ')).collect()
}

/// An option that the realtime layer gets, and this table does not, is seen here.
#[test]
fn each_limit_time_and_policy_is_an_option_of_the_same_name() {
    let default = super::Settings::default();
    let names = |targets: &mut dyn Iterator<Item = Target>| {
        let names = targets.map(|it| it.path().rsplit('.').next().unwrap().to_owned());
        names.collect::<BTreeSet<_>>()
    };
    let of_section = |name: &str| {
        let section = SECTIONS.iter().find(|it| it.name == name).unwrap();
        names(&mut Target::all_of_section(section))
    };
    assert_eq!(of_section("limits"), fields(&default.limits).into_iter().collect());
    // The clock is not for the operator to set.
    let times = fields(&default.times).into_iter().filter(|it| it != "unix_time_at_zero");
    assert_eq!(of_section("times"), times.collect());
    let of_namespace = names(&mut Target::all_of_namespace(None));
    assert_eq!(of_namespace, fields(&default.default_namespace).into_iter().collect());
}

#[test]
fn the_example_of_the_page_is_right() {
    let page = include_str!("../../../../../../docs/configuration.md");
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
