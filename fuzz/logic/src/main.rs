//! Beside the fuzzer: writes the seeds, and runs inputs with the stable compiler.
//!
//! ```text
//! longwire-fuzz-logic seeds FOLDER            FOLDER/TARGET/seed-NN for every target
//! longwire-fuzz-logic replay TARGET FILE …    runs them; a panic is the crash
//! longwire-fuzz-logic list                    the targets
//! ```

use longwire_fuzz_logic::TARGETS;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &words[..] {
        ["list"] => {
            TARGETS.iter().for_each(|target| println!("{}", target.name));
            Ok(())
        }
        ["seeds", folder] => seeds(Path::new(folder)),
        ["replay", target, files @ ..] => replay(target, files),
        _ => Err(io::Error::other("usage: list | seeds FOLDER | replay TARGET FILE …")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn seeds(folder: &Path) -> io::Result<()> {
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (index, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{index:03}")), seed)?;
        }
    }
    Ok(())
}

fn replay(name: &str, files: &[&str]) -> io::Result<()> {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.ok_or_else(|| io::Error::other(format!("no target is called {name:?}")))?;
    for file in files {
        match (target.run)(&fs::read(file)?) {
            Ok(()) => println!("{file}: passed"),
            Err(error) => println!("{file}: no input for this target: {error}"),
        }
    }
    Ok(())
}
