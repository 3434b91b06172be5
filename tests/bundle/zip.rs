//! Bundles taken apart and put together again, with the right checksums whatever is in them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use rawzip::time::UtcDateTime;
use rawzip::{ZipArchive, ZipArchiveWriter};

/// The files of a bundle, in their order, and where the bytes of each are.
pub(crate) fn places(zip: &[u8]) -> Vec<(String, Range<usize>)> {
    let archive = ZipArchive::from_slice(zip).unwrap();
    let mut entries = archive.entries();
    let mut places = Vec::new();
    while let Some(entry) = entries.next_entry().unwrap() {
        let name = String::from_utf8(entry.file_path().as_ref().to_vec()).unwrap();
        let (start, end) = archive.get_entry(entry.wayfinder()).unwrap().compressed_data_range();
        places.push((name, start as usize..end as usize));
    }
    places
}

/// The files of a bundle.
pub(crate) fn read(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let zip = fs::read(path).unwrap();
    places(&zip).into_iter().map(|(name, range)| (name, zip[range].to_vec())).collect()
}

/// A ZIP file of these.
pub(crate) fn write(path: &Path, files: &BTreeMap<String, Vec<u8>>) {
    let mut zip = ZipArchiveWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in files {
        let file =
            zip.new_file(name.as_str()).last_modified(UtcDateTime::from_components(1980, 1, 1, 0, 0, 0, 0).unwrap());
        let (mut entry, config) = file.start().unwrap();
        let mut out = config.wrap(&mut entry);
        out.write_all(bytes).unwrap();
        let (_, descriptor) = out.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap();
}
