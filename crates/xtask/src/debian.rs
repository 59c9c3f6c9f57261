//! Debian's packages, for what neither cargo, pip nor npm can bring.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::missing::Missing;
use crate::process::{Log, answer, run};

const APT_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Installs packages with apt-get, where there is one and we are root.
///
/// # Errors
///
/// [`Missing`], with `remedy`, where that is not so or apt-get fails.
pub(crate) fn install(packages: &[&str], remedy: &'static str, log: &Log) -> Result<()> {
    let names = packages.join(" ");
    let root = answer(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !root || answer(Command::new("apt-get").arg("--version")).is_none() {
        return Err(Missing::with_remedy(format!("{names} not found"), remedy));
    }
    log.note(&format!("installing Debian packages: {names}"));
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut command, APT_LIMIT, log)
            .map_err(|error| Missing::with_remedy(format!("{names} ({error})"), remedy))
    };
    apt_get(&["update"])?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(&arguments)
}
