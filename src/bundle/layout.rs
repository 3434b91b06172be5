//! What stands in a bundle around its files. ZIP leaves it open where a file lies, how long it is, what it is called and which
//! of two directories counts, and each tool decides that in its own way: one that shows another report than the one that was
//! checked would do. So there is one layout, that in which bundles are written, and nothing else is read.

use std::io;

/// A file, as the directory tells of it.
pub(super) struct Entry<'a> {
    pub name: &'a [u8],
    pub size: u64,
    pub crc32: u32,
}

/// Reads bytes from a place.
pub(super) trait ReadAt {
    /// Fills the buffer from there on, or as much of it as there is; how much that is.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Holds the bytes around the files against what they must be, one file after the other.
pub(super) struct Layout<R> {
    around: Window<R>,
    directory: Window<R>,
    directory_start: u64,
    /// Where the next file begins, and the next entry of the directory.
    next: (u64, u64),
    files: u64,
    /// Whether a file or its place needs more than 32 bits.
    large: bool,
    expected: Vec<u8>,
}

impl<R: ReadAt + Copy> Layout<R> {
    /// Of a ZIP file whose directory begins there.
    pub(super) fn new(file: R, directory_start: u64) -> Layout<R> {
        Layout {
            around: Window::new(file, AROUND),
            directory: Window::new(file, DIRECTORY),
            directory_start,
            next: (0, directory_start),
            files: 0,
            large: false,
            expected: Vec::new(),
        }
    }

    /// The next file: what stands before and after it, and its entry in the directory.
    pub(super) fn file(&mut self, file: &Entry<'_>) -> Result<(), String> {
        let (at, entry_at) = self.next;
        self.expected.clear();
        let name_length = u16::try_from(file.name.len()).map_err(|_| "a name in it is too long".to_owned())?;
        before(file, name_length, &mut self.expected);
        let start = self.expect_around(at, file)?;
        let end = start.checked_add(file.size).ok_or_else(|| otherwise(file))?;
        self.expected.clear();
        after(file, &mut self.expected);
        let next = self.expect_around(end, file)?;
        self.expected.clear();
        entry(file, name_length, at, &mut self.expected);
        if !self.directory.has(entry_at, &self.expected).map_err(disk)? {
            return Err(otherwise(file));
        }
        self.large |= file.size >= u64::from(u32::MAX) || at >= u64::from(u32::MAX);
        self.files += 1;
        self.next = (next, entry_at + self.expected.len() as u64);
        Ok(())
    }

    fn expect_around(&mut self, at: u64, file: &Entry<'_>) -> Result<u64, String> {
        match self.around.has(at, &self.expected).map_err(disk)? {
            true => Ok(at + self.expected.len() as u64),
            false => Err(otherwise(file)),
        }
    }

    /// After the last file: that the directory follows it at once, and nothing follows the directory but its end.
    pub(super) fn end(mut self) -> Result<(), String> {
        let (files_end, directory_end) = self.next;
        self.expected.clear();
        end(self.files, self.directory_start, directory_end, self.large, &mut self.expected);
        let ends = self.directory.has(directory_end, &self.expected).map_err(disk)?;
        // One byte more would be something else.
        let beyond = directory_end + self.expected.len() as u64;
        let more = self.directory.has_any(beyond).map_err(disk)?;
        match files_end == self.directory_start && ends && !more {
            true => Ok(()),
            false => Err(format!("what follows its files {OTHERWISE}")),
        }
    }
}

fn disk(error: io::Error) -> String {
    error.to_string()
}

fn otherwise(file: &Entry<'_>) -> String {
    format!("what the ZIP file says of {} {OTHERWISE}", String::from_utf8_lossy(file.name))
}

const OTHERWISE: &str = "is not what stands there in a bundle: it was changed, or packed again by another tool, and what one tool makes of it another may not";

/// What stands before a file.
fn before(file: &Entry<'_>, name_length: u16, out: &mut Vec<u8>) {
    out.extend(b"PK\x03\x04");
    out.extend(SINCE_2_0.to_le_bytes());
    common(file, out);
    // Checksum and sizes come after the file.
    out.extend([0; 12]);
    out.extend(name_length.to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    out.extend(file.name);
}

/// Flags, method and time: sizes come after the file, names that are not plain are UTF-8, it is stored as it is, in 1980.
fn common(file: &Entry<'_>, out: &mut Vec<u8>) {
    let plain = |byte: &u8| (0x20..=0x7d).contains(byte) && *byte != b'\\';
    let flags: u16 = if file.name.iter().all(plain) { 1 << 3 } else { 1 << 3 | 1 << 11 };
    out.extend(flags.to_le_bytes());
    out.extend([0, 0, 0, 0, 0x21, 0]);
}

/// What stands after a file.
fn after(file: &Entry<'_>, out: &mut Vec<u8>) {
    out.extend(b"PK\x07\x08");
    out.extend(file.crc32.to_le_bytes());
    match u32::try_from(file.size) {
        Ok(size) if size < u32::MAX => (0..2).for_each(|_| out.extend(size.to_le_bytes())),
        _ => (0..2).for_each(|_| out.extend(file.size.to_le_bytes())),
    }
}

/// What the directory says of a file that begins at `at`.
fn entry(file: &Entry<'_>, name_length: u16, at: u64, out: &mut Vec<u8>) {
    let (size, place) = (at_most_32_bits(file.size), at_most_32_bits(at));
    let mut large = Vec::new();
    if size == u32::MAX {
        large.extend(file.size.to_le_bytes());
        large.extend(file.size.to_le_bytes());
    }
    if place == u32::MAX {
        large.extend(at.to_le_bytes());
    }
    let version = if large.is_empty() { SINCE_2_0 } else { SINCE_4_5 };
    let large_length = large.len() as u16;
    let extra = TIME.len() as u16 + if large.is_empty() { 0 } else { 4 + large_length };
    out.extend(b"PK\x01\x02");
    out.extend(version.to_le_bytes());
    out.extend(version.to_le_bytes());
    common(file, out);
    out.extend(file.crc32.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(name_length.to_le_bytes());
    out.extend(extra.to_le_bytes());
    // No comment, on this disk, no attributes.
    out.extend([0; 10]);
    out.extend(place.to_le_bytes());
    out.extend(file.name);
    out.extend(TIME);
    if !large.is_empty() {
        out.extend(1_u16.to_le_bytes());
        out.extend(large_length.to_le_bytes());
        out.extend(large);
    }
}

/// The end of a directory.
fn end(files: u64, directory: u64, directory_end: u64, large: bool, out: &mut Vec<u8>) {
    let length = directory_end - directory;
    let most = u64::from(u32::MAX);
    if large || files >= u64::from(u16::MAX) || length >= most || directory >= most {
        out.extend(b"PK\x06\x06");
        out.extend(44_u64.to_le_bytes());
        out.extend(SINCE_4_5.to_le_bytes());
        out.extend(SINCE_4_5.to_le_bytes());
        out.extend([0; 8]);
        [files, files, length, directory].iter().for_each(|number| out.extend(number.to_le_bytes()));
        out.extend(b"PK\x06\x07");
        out.extend([0; 4]);
        out.extend(directory_end.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    let files = u16::try_from(files).unwrap_or(u16::MAX);
    out.extend(b"PK\x05\x06");
    out.extend([0; 4]);
    out.extend(files.to_le_bytes());
    out.extend(files.to_le_bytes());
    out.extend(at_most_32_bits(length).to_le_bytes());
    out.extend(at_most_32_bits(directory).to_le_bytes());
    out.extend([0; 2]);
}

fn at_most_32_bits(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What a tool needs at least, as ZIP counts its versions.
const SINCE_2_0: u16 = 20;
const SINCE_4_5: u16 = 45;

/// The first moment of 1980, in seconds since 1970.
const TIME: [u8; 9] = [b'U', b'T', 5, 0, 1, 0x00, 0xa6, 0xce, 0x12];

/// Bytes that are read at once where small files lie between, and in the directory.
const AROUND: usize = 1 << 10;
const DIRECTORY: usize = 1 << 16;

/// Bytes that were read, in which those that come next mostly lie.
struct Window<R> {
    file: R,
    at: u64,
    buffer: Vec<u8>,
    length: usize,
}

impl<R: ReadAt> Window<R> {
    fn new(file: R, length: usize) -> Window<R> {
        Window { file, at: 0, buffer: vec![0; length], length: 0 }
    }

    /// Whether exactly these bytes stand there.
    fn has(&mut self, at: u64, bytes: &[u8]) -> io::Result<bool> {
        if self.buffer.len() < bytes.len() {
            self.buffer.resize(bytes.len(), 0);
        }
        let there = |window: &Window<R>| {
            let start = usize::try_from(at.checked_sub(window.at)?).ok()?;
            window.buffer[..window.length].get(start..start.checked_add(bytes.len())?).map(|there| there == bytes)
        };
        if let Some(same) = there(self) {
            return Ok(same);
        }
        (self.at, self.length) = (at, self.file.read_at(at, &mut self.buffer)?);
        Ok(there(self).unwrap_or(false))
    }

    /// Whether anything stands there.
    fn has_any(&mut self, at: u64) -> io::Result<bool> {
        Ok(self.file.read_at(at, &mut self.buffer[..1])? > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Write;

    use rawzip::time::UtcDateTime;
    use rawzip::{CompressionMethod, Crc32Option, ZipArchiveWriter};

    use super::*;

    /// A file of which nothing is kept but what stands around its files.
    #[derive(Default)]
    struct Sparse {
        parts: Vec<(u64, Vec<u8>)>,
        at: u64,
        skips: bool,
    }

    impl ReadAt for &RefCell<Sparse> {
        fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
            let sparse = self.borrow();
            let mut read = 0;
            while read < buffer.len() && at + (read as u64) < sparse.at {
                let place = at + read as u64;
                let part = sparse
                    .parts
                    .iter()
                    .find_map(|(start, bytes)| bytes.get(usize::try_from(place.checked_sub(*start)?).ok()?).copied());
                buffer[read] = part.unwrap_or_default();
                read += 1;
            }
            Ok(read)
        }
    }

    struct Sink<'a>(&'a RefCell<Sparse>);

    impl Write for Sink<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut sparse = self.0.borrow_mut();
            let (at, skips) = (sparse.at, sparse.skips);
            match sparse.parts.last_mut() {
                _ if skips => {}
                Some((start, part)) if *start + part.len() as u64 == at => part.extend(bytes),
                _ => sparse.parts.push((at, bytes.to_vec())),
            }
            sparse.at += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A ZIP file as bundles are written, with files of these names and sizes; where its directory begins.
    fn written(files: &[(String, u64)]) -> (RefCell<Sparse>, u64) {
        let sparse = RefCell::new(Sparse::default());
        let mut writer = ZipArchiveWriter::new(Sink(&sparse));
        let zeros = vec![0; 1 << 24];
        for (number, (name, size)) in files.iter().enumerate() {
            let file = writer.new_file(name.as_str()).compression_method(CompressionMethod::STORE);
            let file = file.last_modified(UtcDateTime::from_components(1980, 1, 1, 0, 0, 0, 0).unwrap());
            let (mut entry, config) = file.crc32(Crc32Option::Custom(number as u32)).start().unwrap();
            let mut out = config.wrap(&mut entry);
            sparse.borrow_mut().skips = true;
            let mut left = *size;
            while left > 0 {
                let piece = left.min(zeros.len() as u64);
                out.write_all(&zeros[..piece as usize]).unwrap();
                left -= piece;
            }
            sparse.borrow_mut().skips = false;
            let (_, descriptor) = out.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        let directory = sparse.borrow().at;
        writer.finish().unwrap();
        (sparse, directory)
    }

    fn checked(sparse: &RefCell<Sparse>, directory: u64, files: &[(String, u64)]) -> Result<(), String> {
        let mut layout = Layout::new(sparse, directory);
        for (number, (name, size)) in files.iter().enumerate() {
            layout.file(&Entry { name: name.as_bytes(), size: *size, crc32: number as u32 })?;
        }
        layout.end()
    }

    fn named(files: &[(&str, u64)]) -> Vec<(String, u64)> {
        files.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect()
    }

    #[test]
    fn what_is_written_is_what_is_read_however_large() {
        let most = u64::from(u32::MAX);
        let many = (0..70_000).map(|number| (format!("{number}"), 0)).collect();
        for files in [
            vec![],
            named(&[("a", 0), ("b/c~d", 70_000), ("ünï", 3), ("z", 1)]),
            named(&[("small", 1), ("a", most - 1), ("beyond", 2)]),
            named(&[("a", most), ("beyond", 2), ("b", most + 1)]),
            many,
        ] {
            let (sparse, directory) = written(&files);
            assert_eq!(checked(&sparse, directory, &files), Ok(()), "{} files", files.len());
        }
    }

    #[test]
    fn no_byte_around_the_files_can_be_changed_and_none_be_added() {
        let files = named(&[("a", 5), ("report.html", 70_000), ("ünï", 0)]);
        let (sparse, directory) = written(&files);
        let parts: Vec<usize> = sparse.borrow().parts.iter().map(|(_, bytes)| bytes.len()).collect();
        for (part, length) in parts.into_iter().enumerate() {
            for at in 0..length {
                for bit in 0..8 {
                    sparse.borrow_mut().parts[part].1[at] ^= 1 << bit;
                    assert!(checked(&sparse, directory, &files).is_err(), "{part} {at} {bit}");
                    sparse.borrow_mut().parts[part].1[at] ^= 1 << bit;
                }
            }
        }
        assert_eq!(checked(&sparse, directory, &files), Ok(()));
        Sink(&sparse).write_all(b"\0").unwrap();
        assert!(checked(&sparse, directory, &files).is_err());
    }

    #[test]
    fn nothing_lies_between() {
        let files = named(&[("a", 5), ("b", 6)]);
        let (sparse, directory) = written(&files);
        assert!(checked(&sparse, directory, &files[..1]).is_err(), "a file that the directory does not have");
        assert!(checked(&sparse, directory + 1, &files).is_err());
        let swapped = [files[1].clone(), files[0].clone()];
        assert!(checked(&sparse, directory, &swapped).is_err());
        assert!(checked(&sparse, directory, &named(&[("a", 5), ("b", 5)])).is_err());
        assert!(checked(&sparse, directory, &named(&[("a", u64::MAX), ("b", 6)])).is_err());
    }
}
