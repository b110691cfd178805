//! What the options of `curl` and `wget` say of a health check.

use super::shell::Word;

/// Options of one letter that take a value.
const CURL_VALUES: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";
const WGET_VALUES: &str = "aeiBtOTwQPUlARDIXo";

/// Whether this is a `curl` that passes whatever the server answers. What is not HTTP has no such answers.
pub(super) fn takes_any_answer(words: &[Word]) -> bool {
    let Some((first, arguments)) = words.split_first() else { return false };
    if super::probe::base(&first.text) != "curl" {
        return false;
    }
    let mut has_url = false;
    for word in arguments {
        let text = word.text.as_str();
        if let Some(name) = text.strip_prefix("--") {
            if matches!(name, "fail" | "fail-with-body" | "config" | "version" | "help") {
                return false;
            }
        } else if let Some(letters) = text.strip_prefix('-') {
            let own = letters.find(|c| CURL_VALUES.contains(c)).unwrap_or(letters.len());
            let takes = letters.get(own..).unwrap_or_default();
            if letters.get(..own).is_some_and(|own| own.contains(['f', 'V']))
                || takes.starts_with('K')
            {
                return false;
            }
        } else if is_other_scheme(text) || is_options(word) {
            return false;
        } else {
            has_url = true;
        }
    }
    has_url
}

fn is_other_scheme(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| {
        !matches!(&*scheme, "http" | "https") && scheme.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

/// A variable alone may hold anything.
fn is_options(word: &Word) -> bool {
    word.text.starts_with('$') && !word.text.contains(['/', ':'])
}

/// Whether this is a `wget` that writes what it gets into a file of its own.
pub(super) fn saves_a_file(words: &[Word]) -> bool {
    let Some((first, arguments)) = words.split_first() else { return false };
    if super::probe::base(&first.text) != "wget" {
        return false;
    }
    let mut has_url = false;
    for word in arguments {
        let text = word.text.as_str();
        if let Some(name) = text.strip_prefix("--") {
            let name = name.split('=').next().unwrap_or_default();
            if matches!(name, "spider" | "output-document" | "delete-after" | "version" | "help") {
                return false;
            }
        } else if let Some(letters) = text.strip_prefix('-') {
            // `-nv` and its like are two letters that belong together.
            let letters = letters.strip_prefix('n').and_then(|l| l.get(1..)).unwrap_or(letters);
            let takes = letters.find(|c| WGET_VALUES.contains(c)).and_then(|at| letters.get(at..));
            if takes.is_some_and(|takes| takes.starts_with(['O', 'i'])) {
                return false;
            }
        } else if is_options(word) {
            return false;
        } else {
            has_url = true;
        }
    }
    has_url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Word> {
        line.split(' ').map(Word::fixed).collect()
    }

    #[test]
    fn curl_must_fail_on_errors() {
        for line in [
            "curl http://a",
            "curl a:80/health",
            "/usr/bin/curl -s -o /dev/null http://a",
            "curl -so /dev/null https://a",
            "curl -Hfoo http://a",
            "curl --silent --max-time 5 http://a",
            "curl $URL/health",
            "curl --fail-early http://a",
        ] {
            assert!(takes_any_answer(&words(line)), "{line}");
        }
        for line in [
            "curl -f http://a",
            "curl -sf http://a",
            "curl -fsS http://a",
            "curl --fail http://a",
            "curl --fail-with-body http://a",
            "curl -fail --silent http://a",
            "curl telnet://a:80",
            "curl ftp://a",
            "curl --version",
            "curl -V",
            "curl -K conf http://a",
            "curl $OPTIONS http://a",
            "curl",
            "curling http://a",
        ] {
            assert!(!takes_any_answer(&words(line)), "{line}");
        }
    }

    #[test]
    fn wget_must_not_save_what_it_gets() {
        for line in [
            "wget http://a",
            "wget -q http://a",
            "wget -nv -t1 a:80",
            "wget --no-verbose --tries=1 http://a",
            "wget -o /dev/null http://a",
            "wget -T 5 http://a",
        ] {
            assert!(saves_a_file(&words(line)), "{line}");
        }
        for line in [
            "wget --spider http://a",
            "wget -q --spider http://a",
            "wget -O /dev/null http://a",
            "wget -qO- http://a",
            "wget -q -O- http://a",
            "wget -nvO- http://a",
            "wget --output-document=- http://a",
            "wget --output-document - http://a",
            "wget --delete-after http://a",
            "wget $OPTIONS http://a",
            "wget --version",
            "wget",
        ] {
            assert!(!saves_a_file(&words(line)), "{line}");
        }
    }
}
