//! A copy of the database while it is used.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::commands::on_existing;
use super::store;
use crate::config::{BadSetting, Config};

/// Copies the SQLite database as it is at one moment into `file`, which must not be there yet.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn backup(config: Config, file: &Path) -> anyhow::Result<ExitCode> {
    if store::sqlite_file(&config).is_none() {
        return Err(store::bad(&config, "this is for SQLite; copy PostgreSQL with pg_dump").into());
    }
    let refused = |reason: String| BadSetting::new("file", format!("{}: {reason}", file.display()));
    if file.symlink_metadata().is_ok() {
        return Err(refused("is there already, and is not written over".to_owned()).into());
    }
    let name = file.file_name().ok_or_else(|| refused("is no name of a file".to_owned()))?;
    // Beside it first: whoever finds the name finds a whole copy.
    let mut partial = name.to_owned();
    partial.push(".partial");
    let partial = file.with_file_name(partial);
    let made = on_existing(config, async |database| {
        let _ = std::fs::remove_file(&partial);
        let path = partial.to_str().context("the name of the file is not UTF-8")?;
        database.copy_to(path).await.map_err(|error| refused(error.to_string()))?;
        let write = || {
            File::open(&partial)?.sync_all()?;
            name_it(&partial, file)?;
            File::open(file.parent().filter(|above| *above != "").unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(|error: std::io::Error| refused(error.to_string()))?;
        Ok(ExitCode::SUCCESS)
    });
    let _ = std::fs::remove_file(&partial);
    let code = made?;
    println!("copied to {}; jwt.key, which signs the logins, is not in it", file.display());
    Ok(code)
}

/// Gives the copy its name, unless somebody else took that meanwhile. Some file systems have no such rename, others no
/// links.
fn name_it(partial: &Path, file: &Path) -> std::io::Result<()> {
    match renameat_with(CWD, partial, CWD, file, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => std::fs::hard_link(partial, file),
        renamed => Ok(renamed?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_appeared_meanwhile_is_not_written_over() {
        let dir = std::env::temp_dir().join(format!("artel-backup-{}", crate::clock::new_id()));
        std::fs::create_dir(&dir).expect("made");
        let (partial, file) = (dir.join("copy.db.partial"), dir.join("copy.db"));
        std::fs::write(&partial, "a copy").expect("written");
        std::fs::write(&file, "somebody else's").expect("written");
        let refused = name_it(&partial, &file).expect_err("is there");
        assert_eq!(refused.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&file).expect("there"), "somebody else's");
        std::fs::remove_file(&file).expect("removed");
        name_it(&partial, &file).expect("named");
        assert_eq!(std::fs::read_to_string(&file).expect("there"), "a copy");
        std::fs::remove_dir_all(dir).expect("removed");
    }
}
