//! Stacks mended: in their files, or by a file that is laid over them. What a fix does is tried before it counts: the
//! model may change where the fix says so and nowhere else, and Compose may refuse nothing that it took before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::edit::{self, Edit};
use super::finding::Severity;
use super::fix::{Fix, Safety, Tree};
use super::judge::Policy;
use super::stack::{Input, Request, STDIN, Stack};

/// What is mended may let more be found: a service that has a health check now can be waited for. Nothing known
/// takes more rounds than half of these.
const ROUNDS: usize = 6;

impl Stack {
    /// The new text of every file that changes when all that is found is mended as far as it can be.
    pub fn mended(
        &self,
        request: &Request,
        policy: &Policy,
        most: Safety,
    ) -> BTreeMap<PathBuf, String> {
        let request = &self.again(request);
        let with = |texts: &BTreeMap<PathBuf, String>| {
            let mut request = request.clone();
            request.texts.extend(texts.clone());
            request
        };
        let (mut texts, mut mended) = (BTreeMap::new(), None);
        for _ in 0..ROUNDS {
            let current: &Self = mended.as_ref().unwrap_or(self);
            let findings = current.verdict(policy).findings;
            let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
            let is_allowed = |fix: &&Fix| fix.safety == Safety::Safe || most == Safety::Unsafe;
            let fixes: Vec<&Fix> = fixes.filter(is_allowed).collect();
            let attempt = |fixes: &[&Fix]| {
                let mut all: BTreeMap<PathBuf, String> = texts.clone();
                all.extend(current.texts(&current.edits(fixes)));
                current.is_mended_by(&with(&all), fixes).then_some(all)
            };
            match largest(&fixes, attempt) {
                Some(more) if more != texts => texts = more,
                _ => break,
            }
            mended = Self::read(&with(&texts)).ok();
        }
        texts
    }

    /// A file that, laid over the stack, mends as much of what is found as keys and values can; `None`: nothing.
    pub fn override_for(&self, request: &Request, policy: &Policy) -> Option<String> {
        let request = &self.again(request);
        let (mut fixes, mut text, mut over): (Vec<Fix>, _, _) = (Vec::new(), String::new(), None);
        for _ in 0..ROUNDS {
            let current: &Self = over.as_ref().unwrap_or(self);
            let findings = current.verdict(policy).findings;
            let new = findings.into_iter().filter_map(|finding| finding.fix);
            fixes.extend(new.filter(|fix| !fix.sets.is_empty()));
            let all: Vec<&Fix> = fixes.iter().collect();
            match largest(&all, |fixes| self.text_over(request, fixes)) {
                Some(more) if more != text => text = more,
                _ => break,
            }
            over = Self::read(&laid_over(request, &text, Path::new("override"))).ok();
        }
        (!text.is_empty()).then_some(text)
    }

    /// The request with what came from standard input, which can be read only once.
    pub fn again(&self, request: &Request) -> Request {
        let mut request = request.clone();
        let mut sources = (0..self.sources.len()).map(|file| self.sources.get(file));
        let stdin = sources.find(|source| source.path == Path::new(STDIN));
        if let Some(source) = stdin.filter(|_| request.files.contains(&Input::Stdin)) {
            request.texts.insert(source.path.clone(), source.text.clone());
        }
        request
    }

    fn text_over(&self, request: &Request, fixes: &[&Fix]) -> Option<String> {
        let mut tree = Tree::default();
        for set in fixes.iter().flat_map(|fix| &fix.sets) {
            tree.insert(&set.path, &set.value);
        }
        let text = tree.block(0, 2);
        let over = laid_over(request, &text, Path::new("override"));
        self.is_mended_by(&over, fixes).then_some(text)
    }

    fn texts(&self, edits: &[Edit]) -> BTreeMap<PathBuf, String> {
        let mut files: BTreeMap<u32, Vec<&Edit>> = BTreeMap::new();
        for edit in edits {
            files.entry(edit.span.file).or_default().push(edit);
        }
        let text = |(file, edits): (u32, Vec<&Edit>)| {
            let source = self.sources.get(file);
            (source.path.clone(), edit::apply(&source.text, &edits))
        };
        files.into_iter().map(text).collect()
    }

    /// Whether a stack is this one but for what fixes change.
    fn is_mended_by(&self, request: &Request, fixes: &[&Fix]) -> bool {
        let Ok(other) = Self::read(request) else { return false };
        let errors = |stack: &Self| {
            stack.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
        };
        let allowed: Vec<String> = fixes.iter().flat_map(|fix| fix.paths()).collect();
        let is_allowed = |path: &String| {
            let is_in = |all: &String| {
                path.strip_prefix(all.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            // What services share through anchors has no meaning but in them.
            path.starts_with("x-") || allowed.iter().any(is_in)
        };
        errors(&other) <= errors(self)
            && edit::changed(&self.whole(), &other.whole()).iter().all(is_allowed)
    }
}

/// A stack with one more file laid over it, which need not be there yet.
pub fn laid_over(request: &Request, text: &str, name: &Path) -> Request {
    let mut request = request.clone();
    // Paths begin where they did.
    let folder = request.files.iter().find_map(|input| match input {
        Input::File(path) | Input::Text { name: path, .. } => path.parent().map(Path::to_path_buf),
        Input::Stdin => None,
    });
    request.folder = request.folder.or(folder);
    request.files.push(Input::Text { name: name.to_path_buf(), bytes: text.as_bytes().to_vec() });
    request
}

/// What all fixes come to; if that does not hold, what as many come to as hold together. Those that set the same key
/// of several services may change one anchor, and hold only with each other.
fn largest<T>(fixes: &[&Fix], attempt: impl Fn(&[&Fix]) -> Option<T>) -> Option<T> {
    if let Some(all) = attempt(fixes) {
        return Some(all);
    }
    let mut groups: IndexMap<String, Vec<usize>> = IndexMap::new();
    for (at, fix) in fixes.iter().enumerate() {
        let path = fix.paths().next().unwrap_or_default();
        let key = path.splitn(3, '.').nth(2).unwrap_or_default();
        groups.entry(key.to_owned()).or_default().push(at);
    }
    let mut search = Search { fixes, taken: vec![false; fixes.len()], best: None, attempt };
    groups.values().for_each(|group| search.add(group));
    search.best
}

struct Search<'f, T, A> {
    fixes: &'f [&'f Fix],
    taken: Vec<bool>,
    best: Option<T>,
    attempt: A,
}

impl<T, A: Fn(&[&Fix]) -> Option<T>> Search<'_, T, A> {
    /// Takes these too, or what holds of each half.
    fn add(&mut self, more: &[usize]) {
        more.iter().for_each(|at| self.taken[*at] = true);
        let taken = self.fixes.iter().zip(&self.taken).filter(|(_, is_taken)| **is_taken);
        let taken: Vec<&Fix> = taken.map(|(fix, _)| *fix).collect();
        if let Some(result) = (self.attempt)(&taken) {
            self.best = Some(result);
            return;
        }
        more.iter().for_each(|at| self.taken[*at] = false);
        if more.len() > 1 {
            let (first, second) = more.split_at(more.len() / 2);
            self.add(first);
            self.add(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::rules::testing;
    use crate::compose::select::Selection;

    fn policy(codes: &[&str]) -> Policy {
        let select = codes.iter().map(|code| code.parse().unwrap()).collect();
        let selection = Selection { select, ..Selection::default() };
        Policy { selection, settings: testing::settings(), ignores: Vec::new() }
    }

    /// The text after all that codes find is mended.
    fn mended(codes: &[&str], text: &str) -> String {
        let path = PathBuf::from("/stack/compose.yaml");
        let request = Request {
            files: vec![Input::File(path.clone())],
            project_name: Some("x".to_owned()),
            current: "/stack".into(),
            texts: BTreeMap::from([(path.clone(), text.to_owned())]),
            ..Request::default()
        };
        let stack = Stack::read(&request).unwrap();
        let texts = stack.mended(&request, &policy(codes), Safety::Unsafe);
        texts.get(&path).cloned().unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn standard_input_is_read_once() {
        let text = "services:\n  a:\n    image: a\n";
        let request = Request {
            files: vec![Input::Stdin],
            project_name: Some("x".to_owned()),
            current: "/stack".into(),
            texts: BTreeMap::from([(STDIN.into(), text.to_owned())]),
            ..Request::default()
        };
        let stack = Stack::read(&request).unwrap();
        let request = Request { texts: BTreeMap::new(), ..request };
        let policy = policy(&["CV205"]);
        let wanted = format!("{text}    stop_grace_period: 30s\n");
        let texts = stack.mended(&request, &policy, Safety::Unsafe);
        assert_eq!(texts, BTreeMap::from([(STDIN.into(), wanted)]));
        let over = "services:\n  a:\n    stop_grace_period: 30s\n";
        assert_eq!(stack.override_for(&request, &policy).as_deref(), Some(over));
    }

    #[test]
    fn what_services_share_is_mended_for_all_of_them_or_for_none() {
        let text = "\
x-base: &base
  deploy: {resources: {limits: {cpus: '1'}}}
services:
  a:
    <<: *base
    image: a
  b:
    <<: *base
    image: b
";
        assert_eq!(mended(&["CV101"], text), text.replace("'1'}", "'1', memory: 512m}"));
        // The GPU would be one for `b` too.
        let text = "\
x-limits: &limits
  resources: {limits: {cpus: '1'}}
services:
  a:
    image: vllm/vllm-openai:v0.11.0
    deploy: *limits
    stop_grace_period: 60s
  b:
    image: b
    deploy: *limits
";
        assert_eq!(
            mended(&["CV401", "CV205"], text),
            format!("{text}    stop_grace_period: 30s\n")
        );
    }
}
