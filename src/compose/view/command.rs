//! What a service runs.

use super::Service;
use crate::compose::node::Node;

/// A word of a command line.
#[derive(Debug, Clone, Copy)]
pub(in crate::compose) struct Word<'m> {
    pub(in crate::compose) text: &'m str,
    /// Where it stands; of a command that is one string, that string.
    pub(in crate::compose) node: &'m Node,
}

impl<'m> Service<'m> {
    /// The words of `entrypoint` and then of `command`, as far as the stack gives them.
    pub(in crate::compose) fn words(&self) -> Vec<Word<'m>> {
        let lists = [self.list(&["entrypoint"]), self.list(&["command"])];
        let words = lists.into_iter().flatten();
        words.filter_map(|node| Some(Word { text: node.text()?, node })).collect()
    }

    /// The value of an option of the command: of `--name value` or `--name=value`. The last one counts. Options of a
    /// line that a shell runs (`sh -c "serve --name value"`) are found too.
    pub(in crate::compose) fn option(&self, name: &str) -> Option<Word<'m>> {
        let mut found = None;
        let parts = self.words().into_iter().flat_map(|word| {
            let is_line = word.text.contains(char::is_whitespace);
            let parts: Vec<&str> =
                if is_line { word.text.split_whitespace().collect() } else { vec![word.text] };
            parts.into_iter().map(move |text| Word { text, ..word })
        });
        let parts: Vec<Word<'m>> = parts.collect();
        for (at, word) in parts.iter().enumerate() {
            if word.text == name {
                found = parts.get(at + 1).copied().or(found);
            } else if let Some(value) =
                word.text.strip_prefix(name).and_then(|rest| rest.strip_prefix('='))
            {
                found = Some(Word { text: value, ..*word });
            }
        }
        found.map(|word| Word { text: word.text.trim_matches(['"', '\'']), ..word })
    }
}
