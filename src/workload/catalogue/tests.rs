use super::*;

#[test]
fn every_entry_holds_together() {
    assert!(PACKAGES.values().map(BTreeMap::len).sum::<usize>() > 500);
    for (name, entry) in PACKAGES.values().flatten().chain(BUILDS.iter()) {
        assert!((-1.0..=1.0).contains(&entry.weight), "{name}: weight");
        assert!(!entry.why.is_empty(), "{name}: why");
        assert!(name.matches('*').count() <= 1, "{name}: one star");
        if let Some(weight) = entry.gpu_weight {
            assert!(entry.gpu != Gpu::None && (0.0..=1.0).contains(&weight), "{name}: gpu_weight");
        }
    }
}

#[test]
fn names_are_canonical() {
    use crate::workload::read::manifest::canonical;
    for name in PACKAGES.get(&Ecosystem::Pypi).expect("there are some").keys() {
        assert_eq!(*name, canonical(name));
    }
    for name in PACKAGES.get(&Ecosystem::Conda).expect("there are some").keys() {
        assert_eq!(*name, name.to_ascii_lowercase());
    }
}

#[test]
fn packages_are_found_by_name_by_family_and_for_conda_by_pypi() {
    let weight = |ecosystem, name| package(ecosystem, name).map_or(0.0, |entry| entry.weight);
    assert!(weight(Ecosystem::Pypi, "torch") > 0.9);
    assert!(weight(Ecosystem::Pypi, "mxnet-cu92") > 0.9);
    assert_eq!(package(Ecosystem::Pypi, "mxnet-cu"), None);
    assert!(package(Ecosystem::Pypi, "nvidia-cublas-cu12").is_some());
    assert!(weight(Ecosystem::Conda, "pytorch") > 0.9);
    assert!(weight(Ecosystem::Conda, "sentence_transformers") > 0.9);
    assert_eq!(package(Ecosystem::Npm, "torch"), None);
}

#[test]
fn false_friends_say_nothing() {
    for (ecosystem, name) in [
        (Ecosystem::Pypi, "whisper"),
        (Ecosystem::Pypi, "numpy"),
        (Ecosystem::Pypi, "requests"),
        (Ecosystem::Npm, "transformers"),
        (Ecosystem::Npm, "class-transformer"),
        (Ecosystem::Cargo, "cust"),
    ] {
        assert!(package(ecosystem, name).is_none_or(|entry| entry.weight < 0.4), "{name}");
    }
}

#[test]
fn builds_are_told_from_details() {
    for (detail, build) in [
        ("==2.1.0+cpu", Some(Build::Cpu)),
        ("==1.13.1+cu117", Some(Build::Cuda)),
        ("https://example.org/whl/cu121", Some(Build::Cuda)),
        ("https://example.org/whl/cpu", Some(Build::Cpu)),
        ("https://example.org/whl/rocm5.6", Some(Build::Rocm)),
        ("[cuda12]>=0.4", Some(Build::Cuda)),
        ("[cuda12x]", Some(Build::Cuda)),
        ("[and-cuda]", Some(Build::Cuda)),
        ("=2.0=py3.10_cuda11.8_cudnn8.7.0_0", Some(Build::Cuda)),
        ("pytorch-cpu", Some(Build::Cpu)),
        ("pytorch-cpu pytorch-cu124", None),
        (">=2.0; python_version < '3.12'", None),
        ("", None),
    ] {
        assert_eq!(build_of(detail), build, "{detail}");
    }
}

#[test]
fn builds_are_found_in_either_case() {
    assert_eq!(build_key("find_package(torch"), Some("find_package(Torch"));
    assert_eq!(build_key("find_package(Boost"), None);
}
