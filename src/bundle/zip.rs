//! The ZIP file of a bundle, on its way to the disk.

use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;

use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, Crc32Option, ZipArchiveWriter, ZipFileBuilder};

use super::out::Out;

/// What writes it: one file after the other.
pub(super) struct Zip {
    writer: ZipArchiveWriter<Out>,
    partial: Partial,
    files: u64,
}

/// The file while it is not whole: it has no name, and is gone with whoever writes it.
pub(super) struct Partial {
    file: File,
    /// Whether it can be given a name later, which a disk of this machine can.
    unnamed: bool,
}

impl Zip {
    /// One that is to be at `out` in the end.
    pub(super) fn new(out: &Path) -> io::Result<Zip> {
        let partial = Partial::beside(out)?;
        let writer = ZipArchiveWriter::new(Out::new(partial.file.try_clone()?, partial.unnamed)?);
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
        let folder = folder_of(out);
        match unnamed(folder) {
            Some(file) => Ok(Partial { file, unnamed: true }),
            None => Ok(Partial { file: tempfile::tempfile_in(folder)?, unnamed: false }),
        }
    }

    /// Bytes of it.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// It is whole, and gets its name, unless another file has got that meanwhile.
    pub(super) fn name(mut self, out: &Path) -> io::Result<()> {
        match link(&self.file, out) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => self.copy(out),
            linked => linked,
        }
    }

    /// Where there is no giving it a name.
    fn copy(&mut self, out: &Path) -> io::Result<()> {
        self.file.rewind()?;
        let mut copy = tempfile::Builder::new();
        #[cfg(unix)]
        copy.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut copy = copy.prefix(".trailseal-bundle-").tempfile_in(folder_of(out))?;
        io::copy(&mut self.file, copy.as_file_mut())?;
        copy.as_file().sync_all()?;
        copy.persist_noclobber(out).map(drop).map_err(|failed| failed.error)
    }
}

/// The folder that a file is to lie in.
pub(super) fn folder_of(out: &Path) -> &Path {
    out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file in this folder that can be given a name later, if that can be had, with the permissions that any new one has.
fn unnamed(folder: &Path) -> Option<File> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        open(folder, flags, Mode::from_raw_mode(0o666)).ok().map(File::from)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
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
    use std::fs;

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
    fn it_has_its_name_when_it_is_whole_and_takes_none_from_another() {
        let dir = tempfile::tempdir().unwrap();
        let [linked, copied] = ["linked", "copied"].map(|name| dir.path().join(name));
        let given_up = Zip::new(&linked).unwrap();
        assert!(names(dir.path()).is_empty());
        drop(given_up);
        let whole = made(&linked);
        let bytes = whole.bytes().unwrap();
        whole.name(&linked).unwrap();
        made(&copied).copy(&copied).unwrap();
        assert_eq!(names(dir.path()).len(), 2);
        assert_eq!(fs::metadata(&linked).unwrap().len(), bytes);
        assert!(fs::read(&linked).unwrap() == fs::read(&copied).unwrap());
        fs::write(&linked, "another").unwrap();
        assert!(made(&linked).name(&linked).is_err() && made(&linked).copy(&linked).is_err());
        assert_eq!((names(dir.path()).len(), fs::read(&linked).unwrap()), (2, b"another".to_vec()));
    }

    #[cfg(unix)]
    #[test]
    fn it_may_be_read_by_whom_any_new_file_may_be() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let [linked, copied, plain] = ["linked", "copied", "plain"].map(|name| dir.path().join(name));
        made(&linked).name(&linked).unwrap();
        made(&copied).copy(&copied).unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!([mode(&linked), mode(&copied)], [mode(&plain); 2]);
    }
}
