//! `longwire check-config`, from outside: what it prints, and its exit codes.

use std::path::PathBuf;
use std::process::Command;

/// Exit code, standard output and standard error of a run with this environment and no other.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_longwire"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A file of this name for one test.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_right_configuration_ends_with_0() {
    file("api-keys", "0123456789abcdef\n");
    let path = file(
        "right.toml",
        "[api]\nkeys_file = 'api-keys'\n[realtime]\nallow_anonymous = true\n[namespaces.chat]\n",
    );
    let (code, stdout, stderr) = run(&["check-config", "--config", &path], &[]);
    let summary = "ok\nlistens on  127.0.0.1:8000\nclients     anonymous\n\
                   API         on, with 1 key\nnamespaces  chat\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), summary, ""));

    // The same by a variable, and all of it printed.
    let variables = [("LONGWIRE_CONFIG", path.as_str()), ("LONGWIRE_SERVER_THREADS", "3")];
    let flags = ["check-config", "--print", "--listen", "[::1]:1", "--listen", "0.0.0.0:2"];
    let (code, stdout, _) = run(&flags, &variables);
    assert_eq!(code, Some(0));
    let lines = [
        "listen = [\"[::1]:1\", \"0.0.0.0:2\"]            # from --listen".to_owned(),
        "threads = 3                                  # from LONGWIRE_SERVER_THREADS".to_owned(),
        format!("keys_file = \"api-keys\"                       # from {path}:2"),
        "[namespaces.chat]".to_owned(),
    ];
    for line in lines {
        assert!(stdout.lines().any(|it| it == line), "{line}\n{stdout}");
    }
}

#[test]
fn a_wrong_configuration_ends_with_2() {
    let path = file("wrong.toml", "[server]\nthreads = '2'\nlisen = 3\n");
    for command in ["check-config", "serve"] {
        let (code, stdout, stderr) = run(&[command, "--config", &path], &[]);
        let said = format!(
            "{path}:2:11: server.threads must be 2 without quotes\n\
             {path}:3:1: unknown key `lisen` in [server]; did you mean `listen`?\n2 errors\n"
        );
        assert_eq!((code, stdout.as_str(), stderr), (Some(2), "", said), "{command}");
    }
    let (code, _, stderr) = run(&["check-config", "--threads", "0", "--log", "loud"], &[]);
    let said = "--log: log.level must be \"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\", \
                not \"loud\"\n--threads: server.threads must be a whole number from 1 to 1024, not 0\n\
                2 errors\n";
    assert_eq!((code, stderr.as_str()), (Some(2), said));
}

#[test]
fn what_cannot_be_checked_ends_with_1() {
    let missing = file("missing.toml", "");
    std::fs::remove_file(&missing).unwrap();
    let (code, stdout, stderr) = run(&["check-config", "--config", &missing], &[]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with(&format!("cannot read {missing}: ")), "{stderr}");
    let (code, _, stderr) = run(&["check-config", "--listen", "localhost:1"], &[]);
    assert_eq!(code, Some(1), "{stderr}");
}

#[test]
fn the_tables_are_those_of_the_page() {
    let (code, stdout, _) = run(&["check-config", "--options-table"], &[]);
    assert_eq!(code, Some(0));
    let page = include_str!("../../../docs/configuration.md");
    let rows: Vec<_> = stdout.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() > 60, "{stdout}");
    for row in rows {
        assert!(page.contains(row), "{row}");
    }
}
