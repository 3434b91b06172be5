//! The ZIP file that a bundle is: which files there are, and the bytes of one. What is in it is nobody's word yet.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rawzip::{CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder};

use super::BundleError;
use super::layout::{Entry, Layout, ReadAt};

/// An open bundle.
pub struct Archive {
    path: PathBuf,
    zip: ZipArchive<FileReader>,
    file: Arc<File>,
    /// By the hash of the name, which nobody can foresee.
    files: Vec<Place>,
    hasher: RandomState,
    /// Which of them an audit asked for.
    asked_for: Vec<AtomicBool>,
}

#[derive(Clone, Copy)]
struct Place {
    name: u64,
    at: ZipArchiveEntryWayfinder,
    crc32: u32,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub bytes: Range<u64>,
    pub crc32: u32,
    /// Its number among the files.
    pub number: usize,
}

/// Whether a file begins as ZIP files do.
pub fn is_archive(path: &Path) -> bool {
    // A pipe would be waited for.
    if !path.is_file() {
        return false;
    }
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && (magic == *b"PK\x03\x04" || magic == *b"PK\x05\x06")
}

impl Archive {
    /// Opens one, and sees that each name is there once, stored as it is, and that nothing stands around the files but what must.
    pub fn open(path: &Path) -> Result<Archive, BundleError> {
        let wrong = |why: String| BundleError::Unreadable { path: path.to_owned(), why };
        let disk = |error| BundleError::Disk { path: path.to_owned(), error };
        let file = File::open(path).map_err(disk)?;
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let zip = ZipArchive::from_file(file.try_clone().map_err(disk)?, &mut buffer);
        let zip = zip.map_err(|error| wrong(error.to_string()))?;
        let mut archive = Archive {
            path: path.to_owned(),
            zip,
            file: Arc::new(file),
            files: Vec::new(),
            hasher: RandomState::new(),
            asked_for: Vec::new(),
        };
        let mut files = Vec::new();
        let (mut bytes, most) = (0_u64, archive.file.metadata().map_err(disk)?.len());
        let mut layout = Layout::new(&*archive.file, archive.zip.directory_offset());
        archive.each_name(|name, entry| {
            // Files that lie over one another are small to store and without end to read.
            bytes = bytes.saturating_add(entry.compressed_size_hint());
            if bytes > most {
                return Err("its files are longer together than it is".to_owned());
            }
            if entry.compression_method() != CompressionMethod::STORE {
                return Err(format!("{} is compressed, and nothing in a bundle is", String::from_utf8_lossy(name)));
            }
            if files.len() == MOST_FILES {
                return Err(format!("it has more than {MOST_FILES} files"));
            }
            layout.file(&Entry { name, size: entry.compressed_size_hint(), crc32: entry.crc32() })?;
            files.push(Place { name: archive.hasher.hash_one(name), at: entry.wayfinder(), crc32: entry.crc32() });
            Ok(())
        })?;
        layout.end().map_err(wrong)?;
        files.sort_unstable_by_key(|place| place.name);
        if files.windows(2).any(|two| two[0].name == two[1].name) {
            return Err(wrong("two files in it have the same name".to_owned()));
        }
        archive.asked_for.resize_with(files.len(), AtomicBool::default);
        archive.files = files;
        Ok(archive)
    }

    /// Its own name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// The names of the files for which `take` says so, by their number.
    pub(super) fn names(&self, mut take: impl FnMut(usize, &str)) -> Result<(), BundleError> {
        self.each_name(|name, _| {
            if let Some(number) = self.number(name) {
                take(number, &String::from_utf8_lossy(name));
            }
            Ok(())
        })
    }

    fn each_name(
        &self,
        mut take: impl FnMut(&[u8], &rawzip::ZipFileHeaderRecord<'_>) -> Result<(), String>,
    ) -> Result<(), BundleError> {
        let wrong = |why: String| BundleError::Unreadable { path: self.path.clone(), why };
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let mut entries = self.zip.entries(&mut buffer);
        let mut count = 0;
        while let Some(entry) = entries.next_entry().map_err(|error| wrong(error.to_string()))? {
            take(entry.file_path().as_ref(), &entry).map_err(wrong)?;
            count += 1;
        }
        let told = self.zip.entries_hint();
        if count == told { Ok(()) } else { Err(wrong(format!("it tells of {told} files and has {count}"))) }
    }

    fn number(&self, name: &[u8]) -> Option<usize> {
        let name = self.hasher.hash_one(name);
        self.files.binary_search_by_key(&name, |place| place.name).ok()
    }

    /// Where a file is, if it is there.
    pub(super) fn find(&self, name: &str) -> io::Result<Option<Stored>> {
        let Some(number) = self.number(name.as_bytes()) else { return Ok(None) };
        let place = self.files[number];
        let damaged = |error: rawzip::Error| io::Error::other(error.to_string());
        let entry = self.zip.get_entry(place.at).map_err(damaged)?;
        // Other tools go by the name before the bytes.
        let mut header = vec![0; name.len() + EXTRA];
        let local = entry.local_header(&mut header).map_err(damaged)?;
        if local.file_path().as_ref() != name.as_bytes() {
            return Err(io::Error::other("its name in the directory is not the one before its bytes"));
        }
        let (start, end) = entry.compressed_data_range();
        Ok(Some(Stored { bytes: start..end, crc32: place.crc32, number }))
    }

    /// Notes that an audit asks for a file.
    pub(super) fn is_asked_for(&self, stored: &Stored) {
        self.asked_for[stored.number].store(true, Ordering::Relaxed);
    }

    /// Whether an audit asked for a file.
    pub(super) fn was_asked_for(&self, stored: &Stored) -> bool {
        self.asked_for[stored.number].load(Ordering::Relaxed)
    }

    /// Reads a file from its beginning.
    pub(super) fn read(&self, stored: &Stored) -> FilePart {
        FilePart { file: Arc::clone(&self.file), at: stored.bytes.start, end: stored.bytes.end }
    }

    /// A file that is small by nature, whole.
    pub(super) fn read_small(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
        let told = |error: io::Error| format!("{name}: {error}");
        let Some(stored) = self.find(name).map_err(told)? else { return Ok(None) };
        if stored.bytes.end - stored.bytes.start > most {
            return Err(format!("{name} is larger than {most} bytes"));
        }
        let mut bytes = Vec::new();
        self.read(&stored).read_to_end(&mut bytes).map_err(told)?;
        Ok(Some(bytes))
    }

    /// The file on the disk once more, for whoever seeks in it.
    pub(super) fn another_handle(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

/// A part of a file, read at its own place.
pub(super) struct FilePart {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for FilePart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        let length = read_at(&self.file, &mut buffer[..room], self.at)?;
        if length == 0 {
            return Err(io::Error::other("the bundle ends before it is whole"));
        }
        self.at += length as u64;
        Ok(length)
    }
}

impl ReadAt for &File {
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            match read_at(self, &mut buffer[read..], at + read as u64)? {
                0 => break,
                more => read += more,
            }
        }
        Ok(read)
    }
}

#[cfg(unix)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

/// Bytes that may stand between a name and its file. No tool that writes bundles needs as many.
const EXTRA: usize = 256;

/// Each takes 48 bytes of memory while a bundle is open. Stops: a directory of names that fills it.
const MOST_FILES: usize = 30_000_000;
