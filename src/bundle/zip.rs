//! The ZIP file of a bundle, on its way to the disk: without a name where that can be had, so that it is gone with a process that
//! is killed.

use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, Crc32Option, ZipArchiveWriter, ZipFileBuilder};

use super::spooled::Out;

/// What writes it: one file after the other.
pub(super) struct Zip {
    writer: ZipArchiveWriter<Out>,
    partial: Partial,
    files: u64,
}

/// The file while it is not whole. Dropped before that, it is gone.
pub(super) struct Partial {
    file: File,
    /// The name that it has, or is given before the one that it is to have.
    path: PathBuf,
    has_name: bool,
}

impl Zip {
    /// One that is to be at `out` in the end.
    pub(super) fn new(out: &Path) -> io::Result<Zip> {
        let partial = Partial::beside(out)?;
        let writer = ZipArchiveWriter::new(Out::new(partial.file.try_clone()?)?);
        Ok(Zip { writer, partial, files: 0 })
    }

    /// Begins a file. Each is stored as it is, and has the same time, the earliest that ZIP knows: when it was made is not what
    /// it is.
    pub(super) fn begin<'z>(&'z mut self, name: &'z str) -> ZipFileBuilder<'z, 'z, Out> {
        self.files += 1;
        let file = self.writer.new_file(name).compression_method(CompressionMethod::STORE);
        match UtcDateTime::from_components(1980, 1, 1, 0, 0, 0, 0) {
            Some(time) => file.last_modified(time),
            None => file,
        }
    }

    /// Adds a file of which the checksum is known.
    pub(super) fn write(
        &mut self,
        name: &str,
        crc32: u32,
        fill: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let started = self.begin(name).crc32(Crc32Option::Custom(crc32)).start();
        let (mut entry, config) = started.map_err(io::Error::other)?;
        let mut out = config.wrap(&mut entry);
        fill(&mut out)?;
        let (_, descriptor) = out.finish().map_err(io::Error::other)?;
        entry.finish(descriptor).map_err(io::Error::other)?;
        Ok(())
    }

    /// How many files are in it.
    pub(super) fn files(&self) -> u64 {
        self.files
    }

    /// Ends it, on the disk.
    pub(super) fn finish(self) -> io::Result<Partial> {
        self.writer.finish().map_err(io::Error::other)?.on_the_disk()?;
        Ok(self.partial)
    }
}

impl Partial {
    fn beside(out: &Path) -> io::Result<Partial> {
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let path = out.with_file_name(name);
        match unnamed(&path) {
            Some(file) => Ok(Partial { file, path, has_name: false }),
            None => Ok(Partial { file: File::create(&path)?, path, has_name: true }),
        }
    }

    /// Bytes of it.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// It is whole, and gets its name.
    pub(super) fn name(mut self, out: &Path) -> io::Result<()> {
        if !self.has_name {
            match link(&self.file, out) {
                Ok(()) => return Ok(()),
                // Somebody made another one meanwhile.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) => self.copy()?,
            }
        }
        fs::rename(&self.path, out)?;
        self.has_name = false;
        Ok(())
    }

    /// Where there is no giving it a name.
    fn copy(&mut self) -> io::Result<()> {
        self.file.rewind()?;
        let mut copy = File::create(&self.path)?;
        self.has_name = true;
        io::copy(&mut self.file, &mut copy)?;
        copy.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.has_name {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A file without a name on the disk of `path`, if that can be had, with the permissions that one of that name would have.
fn unnamed(path: &Path) -> Option<File> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Mode, OFlags, open};
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        open(folder, flags, Mode::from_raw_mode(0o666)).ok().map(File::from)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

/// Gives a file without a name this one.
fn link(file: &File, path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;

        use rustix::fs::{AtFlags, CWD, linkat};
        let open = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(linkat(CWD, open, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, path);
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(out: &Path) -> Partial {
        let mut zip = Zip::new(out).unwrap();
        zip.write("name", crc32fast::hash(b"bytes"), &mut |out| out.write_all(b"bytes")).unwrap();
        assert_eq!(zip.files(), 1);
        zip.finish().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn it_has_its_name_when_it_is_whole_and_no_other_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out.zip");
        fs::write(dir.path().join("out.zip.partial"), "left by one that was killed").unwrap();
        drop(Zip::new(&out).unwrap());
        assert!(!out.exists());
        let whole = made(&out);
        let bytes = whole.bytes().unwrap();
        fs::remove_file(dir.path().join("out.zip.partial")).unwrap();
        whole.name(&out).unwrap();
        assert_eq!((names(dir.path()), fs::metadata(&out).unwrap().len()), (vec!["out.zip".to_owned()], bytes));
        if cfg!(target_os = "linux") {
            assert!(made(&out).name(&out).is_err(), "nothing is written over");
        }
        assert_eq!(names(dir.path()), ["out.zip"]);
    }

    #[test]
    fn where_there_is_no_naming_it_later_it_is_copied_or_has_a_name_from_the_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let [linked, copied, named] = ["linked", "copied", "named"].map(|name| dir.path().join(name));
        made(&linked).name(&linked).unwrap();
        let mut whole = made(&copied);
        whole.copy().unwrap();
        whole.name(&copied).unwrap();
        let path = dir.path().join("named.partial");
        let given_up = Partial { file: File::create(&path).unwrap(), path: path.clone(), has_name: true };
        assert_eq!(names(dir.path()).len(), 3);
        drop(given_up);
        let mut file = File::create(&path).unwrap();
        io::copy(&mut File::open(&linked).unwrap(), &mut file).unwrap();
        Partial { file, path, has_name: true }.name(&named).unwrap();
        assert_eq!(names(dir.path()).len(), 3);
        assert!([copied, named].iter().all(|other| fs::read(other).unwrap() == fs::read(&linked).unwrap()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn it_may_be_read_by_whom_any_new_file_may_be() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let [out, plain] = ["out.zip", "plain"].map(|name| dir.path().join(name));
        made(&out).name(&out).unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&out), mode(&plain));
    }
}
