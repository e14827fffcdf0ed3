//! The data directory: its lock, the signing key, and who may read it: the owner alone.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use crate::config::BadSetting;

const LOCK: &str = "artel.lock";
const KEY: &str = "jwt.key";
/// The SQLite file, and those that SQLite keeps beside it.
const DATABASE: [&str; 3] = ["artel.db", "artel.db-wal", "artel.db-shm"];
const KEY_MIN: usize = 32;

/// A data directory, there already or not.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    /// Keeps a second server from it, as long as this lives.
    lock: Option<File>,
}

impl DataDir {
    /// Makes sure that a server could use it: nobody else does, or it can be made. Changes nothing.
    pub(super) fn find(path: &Path) -> Result<Self, BadSetting> {
        Self::inspect(path)?;
        let lock = path.join(LOCK);
        let lock = if lock.exists() { Some(locked(&lock, path)?) } else { None };
        Ok(Self { path: path.to_owned(), lock })
    }

    /// The same without its lock: whether somebody else uses it is left open.
    pub(super) fn inspect(path: &Path) -> Result<(), BadSetting> {
        if path.is_dir() {
            writable(path)?;
            let lock = path.join(LOCK);
            if lock.exists() {
                rustix::fs::access(&lock, Access::WRITE_OK).map_err(|error| bad(&lock, error))?;
            }
            Self { path: path.to_owned(), lock: None }.key()?;
        } else {
            let above = std::path::absolute(path).map_err(|error| bad(path, error))?;
            match above.ancestors().find(|above| above.exists()) {
                Some(above) if above.is_dir() => writable(above)?,
                _ => return Err(bad(path, "is below a file, not a directory")),
            }
        }
        Ok(())
    }

    /// Makes it where it is not there, for the owner only, and locks it. One of an earlier version may be open to
    /// others: that ends here.
    pub(super) fn make(&mut self) -> Result<(), BadSetting> {
        make(&self.path)?;
        if self.lock.is_none() {
            self.lock = Some(locked(&self.path.join(LOCK), &self.path)?);
        }
        Ok(())
    }

    /// The signing key, generated once and kept.
    pub(super) fn signing_key(&self) -> Result<String, BadSetting> {
        if let Some(key) = self.key()? {
            return Ok(key);
        }
        let path = self.path.join(KEY);
        let key: String = rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
        // Beside it first: whoever is killed here leaves no key, not half a key.
        let write = || {
            let fresh = self.path.join("jwt.key.new");
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            file.write_all(key.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&fresh, &path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|error: std::io::Error| bad(&path, error))?;
        Ok(key)
    }

    /// The key that is kept, if any.
    fn key(&self) -> Result<Option<String>, BadSetting> {
        let path = self.path.join(KEY);
        let mode = match path.metadata() {
            Ok(metadata) => metadata.permissions().mode() & 0o777,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(bad(&path, error)),
        };
        if mode & 0o077 != 0 {
            let path = path.display();
            let reason = format!("{path} has mode {mode:04o}, so others may sign logins with it: chmod 600 {path}");
            return Err(BadSetting::new("data_dir", reason));
        }
        let key = std::fs::read_to_string(&path).map_err(|error| bad(&path, error))?;
        match key.trim() {
            // Earlier versions could be killed before they had written it: nobody signed with that.
            "" => Ok(None),
            key if key.len() >= KEY_MIN => Ok(Some(key.to_owned())),
            _ => Err(bad(&path, "is damaged; without it a new key is made, and everybody signs in again")),
        }
    }
}

/// The SQLite file in a data directory.
pub(super) fn database_file(data_dir: &Path) -> PathBuf {
    data_dir.join(DATABASE[0])
}

/// Makes a data directory for its owner only, and closes one of an earlier version to others.
pub(super) fn make(path: &Path) -> Result<(), BadSetting> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| bad(path, error))?;
    let files = DATABASE.iter().chain([&LOCK]).map(|name| (path.join(name), 0o600));
    for (path, mode) in [(path.to_owned(), 0o700)].into_iter().chain(files) {
        let Ok(metadata) = path.metadata() else { continue };
        if metadata.permissions().mode() & 0o777 & !mode == 0 {
            continue;
        }
        // A directory that a volume brought may belong to somebody else; the files in it are closed all the same.
        if let Err(error) = std::fs::set_permissions(&path, Permissions::from_mode(mode)) {
            tracing::warn!(path = %path.display(), %error, "others may read it");
        }
    }
    Ok(())
}

fn writable(path: &Path) -> Result<(), BadSetting> {
    rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| bad(path, error))
}

fn locked(path: &Path, data_dir: &Path) -> Result<File, BadSetting> {
    let lock = File::create(path).map_err(|error| bad(path, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(bad(data_dir, "another artel is using it")),
        Err(TryLockError::Error(error)) => Err(bad(path, error)),
    }
}

fn bad(path: &Path, reason: impl ToString) -> BadSetting {
    BadSetting::new("data_dir", format!("{}: {}", path.display(), reason.to_string()))
}
