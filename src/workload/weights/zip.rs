//! ZIP archives of weights: PyTorch's and Keras's. Reads the directory and, of the members, only those
//! that say what the tensors are.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Read};

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipLocator};

use super::input::Input;
use super::{Format, HEADER_LIMIT, Weights, WeightsError, keras, torch};

/// The directory's end is at most a comment of 64 KB before the file's.
const SEARCHED: u64 = (64 << 10) + 22;

/// Reads an archive of either kind.
pub(super) fn read(input: &mut Input) -> Result<Weights, WeightsError> {
    let archive = Archive::open(input)?;
    if let Some(root) = archive.root("data.pkl") {
        torch::read_archive(input, &archive, &root)
    } else if archive.members.contains_key(keras::WEIGHTS) {
        input.set_format(Format::Keras);
        keras::read(input, &archive)
    } else {
        Err(WeightsError::Unknown("a ZIP archive, neither PyTorch's nor Keras's"))
    }
}

/// A member of an archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// Where its bytes are.
    start: u64,
    compressed: u64,
    method: CompressionMethod,
    /// Inflated.
    pub(super) size: u64,
}

pub(super) struct Archive {
    members: HashMap<String, Member>,
}

impl Archive {
    fn open(input: &mut Input) -> Result<Self, WeightsError> {
        let (len, broken) = (input.len(), input.malformed("its ZIP directory cannot be read"));
        let shared = Shared(RefCell::new(input));
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let locator = ZipLocator::new().max_search_space(SEARCHED);
        let Ok(archive) = locator.locate_in_reader(&shared, &mut buffer, len) else {
            return Err(broken);
        };
        let (mut members, mut places) = (HashMap::new(), Vec::new());
        let mut entries = archive.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(|_| shared.broken("directory"))? {
            shared.check()?;
            let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
            let member = Member {
                start: 0,
                compressed: entry.compressed_size_hint(),
                method: entry.compression_method(),
                size: entry.uncompressed_size_hint(),
            };
            if is_header(&name) {
                places.push((name.clone(), entry.wayfinder()));
            }
            members.insert(name, member);
        }
        for (name, place) in places {
            let entry = archive.get_entry(place).map_err(|_| shared.broken(&name))?;
            if let Some(member) = members.get_mut(&name) {
                member.start = entry.compressed_data_range().0;
            }
        }
        Ok(Self { members })
    }

    /// The folder, with its `/`, that a member of this name is in: PyTorch's archives have one.
    fn root(&self, name: &str) -> Option<String> {
        let roots = self.members.keys().filter_map(|path| path.strip_suffix(name));
        roots.filter(|root| root.matches('/').count() <= 1).min().map(Into::into)
    }

    pub(super) fn member(&self, name: &str) -> Option<&Member> {
        self.members.get(name)
    }
}

/// Whether a member is worth finding.
fn is_header(name: &str) -> bool {
    name == keras::WEIGHTS || name.ends_with("data.pkl") || name.ends_with("constants.pkl")
}

impl Member {
    /// Gives a member's bytes to `read`, as a file of their own. One that is compressed is inflated,
    /// if it is small.
    pub(super) fn open<T>(
        &self,
        input: &mut Input,
        read: impl FnOnce(&mut Input) -> Result<T, WeightsError>,
    ) -> Result<T, WeightsError> {
        if self.compressed > input.len().saturating_sub(self.start) {
            input.seek(self.start.min(input.len()))?;
            input.skip(self.compressed)?;
        }
        let format = input.format();
        let mut window = input.window(self.start, self.compressed);
        match self.method {
            CompressionMethod::STORE => read(&mut window),
            CompressionMethod::DEFLATE => {
                if self.size > HEADER_LIMIT {
                    return Err(window.too_large(self.size, HEADER_LIMIT));
                }
                let mut inflated = Vec::new();
                let mut stream = DeflateDecoder::new(&mut window).take(HEADER_LIMIT + 1);
                if stream.read_to_end(&mut inflated).is_err() {
                    return Err(window.malformed("a compressed member cannot be inflated"));
                }
                if inflated.len() as u64 > HEADER_LIMIT {
                    return Err(window.too_large(inflated.len() as u64, HEADER_LIMIT));
                }
                read(&mut Input::new(&mut io::Cursor::new(inflated), format)?)
            }
            method => Err(window.unsupported(format!("a member compressed by {method:?}"))),
        }
    }
}

/// An input that can be read through a shared reference, as the archive's reader wants.
struct Shared<'a, 'b>(RefCell<&'a mut Input<'b>>);

impl Shared<'_, '_> {
    fn broken(&self, what: &str) -> WeightsError {
        self.0.borrow().malformed(format!("{what} in its ZIP directory cannot be read"))
    }

    fn check(&self) -> Result<(), WeightsError> {
        let input = self.0.borrow();
        if input.bytes_read() > HEADER_LIMIT {
            return Err(input.too_large(input.bytes_read(), HEADER_LIMIT));
        }
        Ok(())
    }
}

impl ReaderAt for Shared<'_, '_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut input = self.0.borrow_mut();
        if input.seek(offset).is_err() {
            return Ok(0);
        }
        input.read(buffer)
    }
}
