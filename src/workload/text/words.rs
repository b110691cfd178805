//! A text as words and breaks, and words without their endings.

/// What stands between a word and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// A space, a hyphen, a slash, the end of a line: the two may belong to one phrase.
    None,
    /// A comma, a colon, a semicolon, a bracket, a dash.
    Clause,
    /// A full stop, an empty line, a list item, a heading.
    Sentence,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    /// As written: letters and digits, with apostrophes inside and points or commas between digits.
    pub(super) text: &'a str,
    /// Byte offset in the text.
    pub(super) start: usize,
    /// From 1.
    pub(super) line: u32,
    /// Before it.
    pub(super) gap: Break,
}

/// The words of a text, in order; one pass.
pub(super) fn words(text: &str) -> Words<'_> {
    Words { text, at: 0, line: 1, last_was_letter: false }
}

pub(super) struct Words<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// Whether the last word was a single letter: `e.g.` ends no sentence.
    last_was_letter: bool,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let gap = self.gap();
        let start = self.at;
        let rest = self.text.get(start..)?;
        let length = length(rest);
        let text = rest.get(..length).filter(|word| !word.is_empty())?;
        self.at += length;
        self.last_was_letter = length == 1 && text.bytes().all(|b| b.is_ascii_alphabetic());
        Some(Word { text, start, line: self.line, gap })
    }
}

impl Words<'_> {
    /// Goes on to the next word, and says what was passed.
    fn gap(&mut self) -> Break {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut gap = Break::None;
        let (mut stopped, mut spaced, mut newlines) = (false, false, 0);
        let mut length = rest.len();
        for (offset, c) in rest.char_indices() {
            if c.is_alphanumeric() {
                length = offset;
                break;
            }
            let next = match c {
                '\n' => {
                    self.line += 1;
                    newlines += 1;
                    if newlines > 1 || stopped { Break::Sentence } else { Break::None }
                }
                _ if c.is_whitespace() && stopped => Break::Sentence,
                '#' | '*' | '•' | '>' | '|' | '-' if newlines > 0 => Break::Sentence,
                '-' if spaced => Break::Clause,
                ',' | ':' | ';' | '(' | ')' | '[' | ']' | '|' | '–' | '—' | '"' | '=' | '，'
                | '、' | '：' | '（' | '）' => Break::Clause,
                _ => Break::None,
            };
            gap = gap.max(next);
            if c == '。' {
                gap = Break::Sentence;
            }
            stopped = matches!(c, '!' | '?') || (c == '.' && !self.last_was_letter);
            spaced = c.is_whitespace();
            if !c.is_whitespace() {
                newlines = 0;
            }
        }
        self.at += length;
        gap
    }
}

/// Bytes of the word that `rest` begins with.
fn length(rest: &str) -> usize {
    let mut before = ' ';
    let mut chars = rest.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        let after = chars.peek().map_or(' ', |&(_, next)| next);
        let inside = match c {
            '\'' | '’' => before.is_alphabetic() && after.is_alphabetic(),
            '.' | ',' => before.is_ascii_digit() && after.is_ascii_digit(),
            _ if is_unspaced(c) => return if offset == 0 { c.len_utf8() } else { offset },
            _ => c.is_alphanumeric(),
        };
        if !inside {
            return offset;
        }
        before = c;
    }
    rest.len()
}

/// Whether a letter is of a script written without spaces, or with endings on each word: ideographs, kana,
/// hangul. Each is a word.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// A word in lower case without the endings of plurals and of verbs, so that the forms of one word are
/// one: `detects`, `detected` and `detecting` are `detect`. What comes out need not be a word.
pub(super) fn stem(word: &str) -> String {
    let mut stem = word.to_lowercase().replace('’', "'");
    cut(&mut stem, "'s");
    if stem.bytes().any(|b| b.is_ascii_digit()) {
        if stem.len() > 2 {
            cut(&mut stem, "s");
        }
        return stem;
    }
    plural(&mut stem);
    let conjugated = tense(&mut stem);
    if stem.len() > 3 {
        cut(&mut stem, "e");
    }
    if stem.len() > 3 && cut(&mut stem, "i") {
        // `movies` became `movy` above.
        stem.push('y');
    }
    for (american, british) in [("iz", "is"), ("yz", "ys")] {
        if stem.len() > 4 && cut(&mut stem, american) {
            stem.push_str(british);
        }
    }
    if stem.len() > 4 && cut(&mut stem, "our") {
        stem.push_str("or");
    }
    let doubled = ["bb", "dd", "gg", "mm", "nn", "pp", "rr", "tt"];
    let doubled = conjugated && doubled.iter().any(|&two| stem.ends_with(two));
    if stem.len() > 3 && (doubled || stem.ends_with("ll")) {
        stem.pop();
    }
    stem
}

fn plural(stem: &mut String) {
    if stem.len() > 4 && cut(stem, "ies") {
        stem.push('y');
    } else if ["sses", "xes", "ches", "shes"].iter().any(|&es| stem.ends_with(es)) {
        cut(stem, "es");
    } else if stem.len() > 3 && !["ss", "us", "is"].iter().any(|&s| stem.ends_with(s)) {
        cut(stem, "s");
    }
}

/// Says whether there was an ending.
fn tense(stem: &mut String) -> bool {
    let vowel =
        |part: Option<&str>| part.is_some_and(|p| p.contains(['a', 'e', 'i', 'o', 'u', 'y']));
    if stem.len() > 4 && cut(stem, "ied") {
        stem.push('y');
        return true;
    }
    stem.len() > 5 && vowel(stem.strip_suffix("ing")) && cut(stem, "ing")
        || stem.len() > 4 && vowel(stem.strip_suffix("ed")) && cut(stem, "ed")
}

/// Takes an ending away where the word has it.
fn cut(word: &mut String, ending: &str) -> bool {
    let rest = word.strip_suffix(ending).map(str::len);
    if let Some(rest) = rest {
        word.truncate(rest);
    }
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::{Break, stem, words};

    #[test]
    fn the_forms_of_a_word_have_one_stem() {
        for forms in [
            &["detect", "detects", "detected", "detecting"][..],
            &["classify", "classifies", "classified", "classifying"],
            &["fine-tune", "fine-tuning", "fine-tuned", "fine-tunes"],
            &["recognise", "recognizing", "recognised", "recognizes"],
            &["label", "labelled", "labeling", "labels"],
            &["image", "images", "image's"],
            &["box", "boxes"],
            &["movie", "movies"],
            &["A100", "A100s"],
        ] {
            let stems: Vec<_> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.windows(2).all(|two| two[0] == two[1]), "{stems:?}");
        }
        for (one, other) in
            [("train", "trail"), ("string", "str"), ("bus", "bu"), ("class", "clas")]
        {
            assert_ne!(stem(one), stem(other));
        }
    }

    #[test]
    fn each_ideograph_is_a_word() {
        let found: Vec<_> = words("用YOLOv8做目标。检测").map(|w| (w.text, w.gap)).collect();
        let plain = |text| (text, Break::None);
        let wanted = [plain("用"), plain("YOLOv8"), plain("做"), plain("目"), plain("标")];
        assert_eq!(found[..5], wanted);
        assert_eq!(found[5..], [("检", Break::Sentence), plain("测")]);
    }

    #[test]
    fn breaks_and_lines_are_told_apart() {
        let found: Vec<_> = words("Fine-\ntune it, e.g. on 1.5B.\n\n- New: three.js don't")
            .map(|w| (w.text, w.line, w.gap))
            .collect();
        assert_eq!(
            found,
            [
                ("Fine", 1, Break::None),
                ("tune", 2, Break::None),
                ("it", 2, Break::None),
                ("e", 2, Break::Clause),
                ("g", 2, Break::None),
                ("on", 2, Break::None),
                ("1.5B", 2, Break::None),
                ("New", 4, Break::Sentence),
                ("three", 4, Break::Clause),
                ("js", 4, Break::None),
                ("don't", 4, Break::None),
            ]
        );
    }
}
