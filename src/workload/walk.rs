//! A folder's files, in parallel, each given to who reads it. What ignore files leave out is left out; links
//! are not followed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Mutex;

use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};

/// Who is told of files. One for each thread; all are joined at the end.
pub trait Visit: Send {
    /// A file, and its path below the root with `/` between the parts.
    fn file(&mut self, path: &Path, relative: &str);
    /// What could not be looked at.
    fn failed(&mut self, error: String);
}

/// Walks `root` with as many visitors as there are threads, and gives them back.
pub fn walk<V: Visit>(root: &Path, threads: usize, visitor: impl Fn() -> V + Sync) -> Vec<V> {
    let done = Mutex::new(Vec::new());
    WalkBuilder::new(root)
        .threads(threads)
        .require_git(false)
        .parents(false)
        .build_parallel()
        .visit(&mut Builder { root, visitor: &visitor, done: &done });
    done.into_inner().unwrap_or_default()
}

struct Builder<'s, V, F> {
    root: &'s Path,
    visitor: &'s F,
    done: &'s Mutex<Vec<V>>,
}

impl<'s, V: Visit + 's, F: Fn() -> V + Sync> ParallelVisitorBuilder<'s> for Builder<'s, V, F> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 's> {
        let visitor = Some((self.visitor)());
        Box::new(Worker { root: self.root, visitor, done: self.done })
    }
}

struct Worker<'s, V: Visit> {
    root: &'s Path,
    /// Taken at the end.
    visitor: Option<V>,
    done: &'s Mutex<Vec<V>>,
}

impl<V: Visit> ParallelVisitor for Worker<'_, V> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        let Some(visitor) = &mut self.visitor else { return WalkState::Quit };
        match entry {
            Ok(entry) => {
                if let Some(error) = entry.error() {
                    visitor.failed(error.to_string());
                }
                let relative = entry.path().strip_prefix(self.root).unwrap_or(entry.path());
                if entry.file_type().is_some_and(|kind| kind.is_file()) {
                    visitor.file(entry.path(), &slashes(relative));
                }
            }
            Err(error) => visitor.failed(error.to_string()),
        }
        WalkState::Continue
    }
}

impl<V: Visit> Drop for Worker<'_, V> {
    fn drop(&mut self) {
        if let (Some(visitor), Ok(mut done)) = (self.visitor.take(), self.done.lock()) {
            done.push(visitor);
        }
    }
}

fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// At most `limit` bytes of a file's text, in a buffer that is used again. `None` where it is not text.
pub fn text<'b>(path: &Path, limit: u64, buffer: &'b mut Vec<u8>) -> io::Result<Option<&'b [u8]>> {
    const SAMPLE: usize = 8000;
    buffer.clear();
    File::open(path)?.take(limit).read_to_end(buffer)?;
    let sample = &buffer[..buffer.len().min(SAMPLE)];
    Ok(memchr::memchr(0, sample).is_none().then_some(buffer))
}
