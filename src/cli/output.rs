//! Files that appear whole or not at all.
//!
//! What is written goes to a temporary file in the same folder, which takes the name of the
//! wanted one when it is complete and on the disk. A kill at any moment leaves the old file
//! or the new one. On Linux the temporary file has no name, where the file system can do
//! that, and is gone with its process. Where there is no file to be replaced (standard
//! output, a device, a pipe), bytes go straight there.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The name that stands for standard input and output.
pub(crate) const STANDARD: &str = "-";

/// What a file is called in messages; `stream` is `input` or `output`.
pub(crate) fn name(path: &Path, stream: &str) -> String {
    if path == Path::new(STANDARD) {
        format!("standard {stream}")
    } else {
        path.display().to_string()
    }
}

/// A file that is not complete.
#[derive(Debug)]
pub(crate) enum Temporary {
    /// Without a name.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    /// With a name of its own.
    Named(NamedTempFile),
}

impl Temporary {
    /// A new file in a folder, with the permissions of any new file.
    fn new(folder: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Ok(file) = unnamed::create(folder) {
            return Ok(Self::Unnamed(file));
        }
        // Opened here: tempfile's own way puts its name into the message of an error.
        let named = builder().make_in(folder, |name| {
            File::options().read(true).write(true).create_new(true).open(name)
        });
        Ok(Self::Named(named?))
    }

    fn file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Named(named) => named.as_file(),
        }
    }

    /// Gives it this name, in the place of whatever has it.
    fn persist(self, path: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => {
                // A name can be taken over by another name only.
                let named = builder().make_in(folder(path), |name| unnamed::link(&file, name))?;
                named.persist(path)?;
            }
            Self::Named(named) => {
                named.persist(path)?;
            }
        }
        Ok(())
    }
}

/// Of names that are not taken.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".zfp-wgpu-").suffix(".part");
    builder
}

/// Linux's files without a name.
#[cfg(target_os = "linux")]
mod unnamed {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd as _;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

    pub(super) fn create(folder: &Path) -> io::Result<File> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = File::from(open(folder, flags, Mode::from_raw_mode(0o666))?);
        // Without this folder, it could not get a name.
        std::fs::metadata("/proc/self/fd")?;
        Ok(file)
    }

    pub(super) fn link(file: &File, name: &Path) -> io::Result<()> {
        let source = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(linkat(CWD, source, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
    }
}

/// The path at the end of a chain of links, which need not be there.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    // As many as Linux follows.
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&path) else { return Ok(path) };
        // What is relative is so to the link's folder.
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    Err(io::Error::other("too many links, one to another"))
}

/// Where a result goes.
#[derive(Debug)]
pub(crate) enum Output {
    /// A file that is not there yet.
    File {
        /// What is written.
        temporary: Temporary,
        /// The name it gets.
        path: PathBuf,
    },
    /// What cannot be replaced.
    Stream(File),
}

impl Output {
    /// Opens a file to be written, or standard output for `-`.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if path == Path::new(STANDARD) {
            return Ok(Self::Stream(standard_output()?));
        }
        // A link stays, and what it points to is replaced.
        let path = match fs::canonicalize(path) {
            Ok(path) => path,
            Err(_) => end_of_links(path)?,
        };
        let there = fs::metadata(&path).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            return Ok(Self::Stream(File::options().write(true).open(path)?));
        }
        if there.is_some() {
            // What may not be written to is not to be replaced either.
            File::options().write(true).open(&path)?;
        }
        let temporary = Temporary::new(folder(&path))?;
        if let Some(there) = there {
            temporary.file().set_permissions(there.permissions())?;
        }
        Ok(Self::File { temporary, path })
    }

    /// Whether [`Output::write_at`] works.
    pub(crate) fn can_seek(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Writes at a place of the file.
    pub(crate) fn write_at(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        if let Self::File { temporary, .. } = self {
            temporary.file().seek(SeekFrom::Start(place))?;
        }
        self.write_all(bytes)
    }

    /// Has the file, complete now, take its name.
    pub(crate) fn commit(self) -> io::Result<()> {
        match self {
            Self::File { temporary, path } => {
                temporary.file().sync_all()?;
                temporary.persist(&path)?;
                // The name is in the folder, which is a file of its own.
                #[cfg(unix)]
                File::open(folder(&path))?.sync_all()?;
                Ok(())
            }
            Self::Stream(mut stream) => stream.flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File { temporary, .. } => temporary.file().write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a file to be read, or standard input for `-`.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if path == Path::new(STANDARD) { standard_input() } else { File::open(path) }
}

/// Reads until `buffer` is full or there is no more; how many bytes those are.
pub(crate) fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

// Standard streams as files: whole blocks pass without a buffer that looks for line ends.

#[cfg(unix)]
fn standard_output() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(unix)]
fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn standard_output() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn standard_input() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}
