//! Sizes as the programs write them, each in its own way.

pub(super) const KIB: u64 = 1 << 10;
pub(super) const MIB: u64 = 1 << 20;
pub(super) const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// `1g`, `1024m`, or bytes: what follows `-Xmx`.
pub(super) fn java(text: &str) -> Option<u64> {
    let (number, unit) = parted(text)?;
    let scale = match unit {
        "" => 1,
        "k" | "K" => KIB,
        "m" | "M" => MIB,
        "g" | "G" => GIB,
        "t" | "T" => TIB,
        _ => return None,
    };
    number.checked_mul(scale)
}

/// `2gb` is 2 × 1024³ bytes, `2g` is 2 × 1000³.
pub(super) fn redis(text: &str) -> Option<u64> {
    let (number, unit) = parted(text)?;
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "kb" => KIB,
        "mb" => MIB,
        "gb" => GIB,
        _ => return None,
    };
    number.checked_mul(scale)
}

/// `256MB`, `1.5GB`; units are not the same in small letters. Without one it counts what the setting counts in.
pub(super) fn postgres(text: &str, scale: u64) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let scale = match unit.trim_start() {
        "" => scale,
        "B" => 1,
        "kB" => KIB,
        "MB" => MIB,
        "GB" => GIB,
        "TB" => TIB,
        _ => return None,
    };
    let bytes = number * scale as f64;
    // Far beyond what any machine has; a float holds more than that exactly enough.
    (0.0..1e18).contains(&bytes).then_some(bytes as u64)
}

fn parted(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit))
}

/// A share of a size.
pub(super) fn share(bytes: u64, percent: u64) -> u64 {
    (u128::from(bytes) * u128::from(percent) / 100) as u64
}

/// The size that another is such a share of.
pub(super) fn whole(share: u64, percent: u64) -> u64 {
    let whole = (u128::from(share) * 100).div_ceil(u128::from(percent.max(1)));
    u64::try_from(whole).unwrap_or(u64::MAX)
}

/// How many per cent the first is of the second, which is more than nothing; as far as that can be told, up.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    let percent = (u128::from(part) * 100).div_ceil(u128::from(whole.max(1)));
    u64::try_from(percent).unwrap_or(u64::MAX)
}

/// Whether a size is more than a share of another, to the byte.
pub(super) fn exceeds(part: u64, percent: u64, whole: u64) -> bool {
    u128::from(part) * 100 > u128::from(percent) * u128::from(whole)
}

/// For a program: whole gigabytes, or megabytes, with these units.
pub(super) fn written(bytes: u64, mega: &str, giga: &str) -> String {
    let megabytes = (bytes / MIB).max(1);
    if megabytes.is_multiple_of(1024) {
        format!("{}{giga}", megabytes / 1024)
    } else {
        format!("{megabytes}{mega}")
    }
}

/// For a person: `1.5 GiB`.
pub(super) fn shown(bytes: u64) -> String {
    let (scale, unit) = match bytes {
        GIB.. => (GIB, "GiB"),
        MIB.. => (MIB, "MiB"),
        KIB.. => (KIB, "KiB"),
        _ => return format!("{bytes} bytes"),
    };
    let text = format!("{:.2}", bytes as f64 / scale as f64);
    format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_reads_sizes_in_its_own_way() {
        for (text, bytes) in [
            ("1g", Some(GIB)),
            ("1G", Some(GIB)),
            ("1024m", Some(GIB)),
            ("512K", Some(512 * KIB)),
            ("1048576", Some(MIB)),
            ("1t", Some(TIB)),
            ("1gb", None),
            ("1.5g", None),
            ("", None),
            ("${HEAP}", None),
            ("99999999999999999999g", None),
            ("9999999999999999999g", None),
        ] {
            assert_eq!(java(text), bytes, "{text}");
        }
        for (text, bytes) in [
            ("2gb", Some(2 * GIB)),
            ("2GB", Some(2 * GIB)),
            ("2g", Some(2_000_000_000)),
            ("100mb", Some(100 * MIB)),
            ("100m", Some(100_000_000)),
            ("1k", Some(1000)),
            ("1kb", Some(1024)),
            ("0", Some(0)),
            ("1048576", Some(MIB)),
            ("1.5gb", None),
            ("75%", None),
            ("1tb", None),
            ("-1", None),
        ] {
            assert_eq!(redis(text), bytes, "{text}");
        }
        for (text, bytes) in [
            ("256MB", Some(256 * MIB)),
            ("1GB", Some(GIB)),
            ("1.5GB", Some(GIB + GIB / 2)),
            ("16384", Some(128 * MIB)),
            ("65536kB", Some(64 * MIB)),
            (" 1 GB", Some(GIB)),
            ("1gb", None),
            ("1g", None),
            ("", None),
            ("-1", None),
            ("9e99GB", None),
            ("99999999999999999999TB", None),
        ] {
            assert_eq!(postgres(text, 8 * KIB), bytes, "{text}");
        }
    }

    #[test]
    fn sizes_are_written_for_programs_and_persons() {
        assert_eq!(written(3 * GIB, "m", "g"), "3g");
        assert_eq!(written(share(2 * GIB, 75), "mb", "gb"), "1536mb");
        assert_eq!(written(0, "MB", "GB"), "1MB");
        for (bytes, text) in [
            (GIB, "1 GiB"),
            (1536 * MIB, "1.5 GiB"),
            (2_000_000_000, "1.86 GiB"),
            (512 * MIB, "512 MiB"),
            (1536, "1.5 KiB"),
            (10, "10 bytes"),
            (100 * GIB, "100 GiB"),
        ] {
            assert_eq!(shown(bytes), text);
        }
        assert_eq!(percent(3 * MIB, 4 * MIB), 75);
        assert_eq!(percent(u64::MAX, 0), u64::MAX);
        assert!(!exceeds(75, 75, 100) && exceeds(76, 75, 100));
    }
}
