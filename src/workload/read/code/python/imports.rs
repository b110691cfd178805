//! Import statements.

use super::super::known::Known;
use super::condense::is_word;

/// A module that is imported, and where in the condensed source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Import<'a> {
    /// The path with dots, in full: `torch.nn`.
    pub(super) module: &'a str,
    pub(super) start: usize,
    pub(super) guarded: bool,
}

/// Adds what a condensed statement imports. Relative imports are the project's own.
pub(super) fn read<'a>(code: &'a [u8], start: usize, guarded: bool, imports: &mut Vec<Import<'a>>) {
    let mut add = |list: &'a [u8]| {
        let module = list.get(..path(list)).unwrap_or_default();
        if let Ok(module) = std::str::from_utf8(module)
            && !module.is_empty()
            && !module.starts_with('.')
        {
            imports.push(Import { module, start, guarded });
        }
    };
    if let Some(list) = code.strip_prefix(b"import ") {
        list.split(|&byte| byte == b',').for_each(add);
    } else if let Some(from) = code.strip_prefix(b"from ") {
        add(from);
    }
}

/// How many bytes of a dotted path `text` begins with.
fn path(text: &[u8]) -> usize {
    text.iter().take_while(|&&byte| is_word(byte) || byte == b'.').count()
}

/// Whether a line of the raw source seems to import a module of `known`: quick, and mistaken at worst for
/// a line of a string.
pub(super) fn any_known(source: &str, known: &Known) -> bool {
    let bytes = source.as_bytes();
    let (mut line, mut last) = (0, 0);
    memchr::memmem::find_iter(bytes, b"import").any(|at| {
        // Newlines are looked for between one find and the next, so that a long line is read once.
        if let Some(newline) = memchr::memrchr(b'\n', bytes.get(last..at).unwrap_or_default()) {
            line = last + newline + 1;
        }
        let before = bytes.get(line.max(last)..at).unwrap_or_default();
        last = at + b"import".len();
        let after = bytes.get(last..).unwrap_or_default();
        imported(before, after).any(|root| known.contains(root))
    })
}

/// The roots that stand where an import names them, around the word `import`.
fn imported<'a>(before: &'a [u8], after: &'a [u8]) -> impl Iterator<Item = &'a str> {
    let from = before.trim_ascii();
    let from = memchr::memmem::rfind(from, b"from ").and_then(|at| from.get(at + 5..));
    let end = after.iter().take(LISTED).position(|&byte| byte == b'\n' || byte == b'#');
    let list = after.get(..end.unwrap_or(LISTED.min(after.len()))).unwrap_or_default();
    let list = if from.is_some() { &[] } else { list };
    let named = from.into_iter().chain(list.split(|&byte| byte == b','));
    named.filter_map(|name| {
        let name = name.trim_ascii();
        let root = name.iter().take_while(|&&byte| is_word(byte)).count();
        std::str::from_utf8(name.get(..root)?).ok()
    })
}

/// How far a list of modules is looked at.
const LISTED: usize = 200;
