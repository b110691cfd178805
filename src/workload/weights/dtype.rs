//! Element types, and how many bytes they take.

use serde::Serialize;

/// Declares the element types: a variant, its name, the elements of a block and the bytes that a block
/// takes, and what the elements are.
macro_rules! dtypes {
    ($($variant:ident $name:literal $block:literal $bytes:literal $class:ident,)*) => {
        /// The type of a tensor's elements, as the formats name it.
        #[allow(non_camel_case_types)] // ggml's own names
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum Dtype { $(#[serde(rename = $name)] $variant,)* }

        impl Dtype {
            const ALL: &[Self] = &[$(Self::$variant),*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Elements of a block, and the bytes that a block takes with its scales.
            pub fn layout(self) -> (u64, u64) {
                match self { $(Self::$variant => ($block, $bytes)),* }
            }

            pub(super) fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class),* }
            }
        }
    };
}

/// What the elements of a type are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Float,
    /// Integers that stand for reals, with their scales or without.
    Quantised,
    /// Integers and booleans: counters, masks, indices.
    Integer,
}

dtypes! {
    F64 "F64" 1 8 Float, F32 "F32" 1 4 Float, F16 "F16" 1 2 Float, BF16 "BF16" 1 2 Float,
    F8_E4M3 "F8_E4M3" 1 1 Float, F8_E5M2 "F8_E5M2" 1 1 Float, F8_E8M0 "F8_E8M0" 1 1 Float,
    F8_E4M3FNUZ "F8_E4M3FNUZ" 1 1 Float, F8_E5M2FNUZ "F8_E5M2FNUZ" 1 1 Float,
    F6_E2M3 "F6_E2M3" 4 3 Float, F6_E3M2 "F6_E3M2" 4 3 Float, F4 "F4" 2 1 Float,
    C128 "C128" 1 16 Float, C64 "C64" 1 8 Float, C32 "C32" 1 4 Float,
    I64 "I64" 1 8 Integer, U64 "U64" 1 8 Integer, I32 "I32" 1 4 Integer, U32 "U32" 1 4 Integer,
    I16 "I16" 1 2 Integer, U16 "U16" 1 2 Integer, U8 "U8" 1 1 Integer, Bool "BOOL" 1 1 Integer,
    I8 "I8" 1 1 Quantised, I4 "I4" 2 1 Quantised, U4 "U4" 2 1 Quantised, I2 "I2" 4 1 Quantised,
    U2 "U2" 4 1 Quantised,
    QI32 "QI32" 1 4 Quantised, QI8 "QI8" 1 1 Quantised, QU8 "QU8" 1 1 Quantised,
    Q1_0 "Q1_0" 128 18 Quantised,
    Q4_0 "Q4_0" 32 18 Quantised, Q4_1 "Q4_1" 32 20 Quantised, Q5_0 "Q5_0" 32 22 Quantised,
    Q5_1 "Q5_1" 32 24 Quantised, Q8_0 "Q8_0" 32 34 Quantised, Q8_1 "Q8_1" 32 36 Quantised,
    Q2_K "Q2_K" 256 84 Quantised, Q3_K "Q3_K" 256 110 Quantised, Q4_K "Q4_K" 256 144 Quantised,
    Q5_K "Q5_K" 256 176 Quantised, Q6_K "Q6_K" 256 210 Quantised, Q8_K "Q8_K" 256 292 Quantised,
    IQ1_S "IQ1_S" 256 50 Quantised, IQ1_M "IQ1_M" 256 56 Quantised,
    IQ2_XXS "IQ2_XXS" 256 66 Quantised, IQ2_XS "IQ2_XS" 256 74 Quantised,
    IQ2_S "IQ2_S" 256 82 Quantised, IQ3_XXS "IQ3_XXS" 256 98 Quantised,
    IQ3_S "IQ3_S" 256 110 Quantised, IQ4_NL "IQ4_NL" 32 18 Quantised,
    IQ4_XS "IQ4_XS" 256 136 Quantised, TQ1_0 "TQ1_0" 256 54 Quantised,
    TQ2_0 "TQ2_0" 256 66 Quantised, MXFP4 "MXFP4" 32 17 Quantised, NVFP4 "NVFP4" 64 36 Quantised,
}

impl Dtype {
    /// By the name that safetensors and [`Dtype::name`] give it.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dtype| dtype.name() == name)
    }

    /// By its name in PyTorch and `config.json`: `bfloat16`, `torch.float8_e4m3fn`.
    pub fn of_torch(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("torch.").unwrap_or(name) {
            "float64" | "double" => Self::F64,
            "float32" | "float" => Self::F32,
            "float16" | "half" => Self::F16,
            "bfloat16" => Self::BF16,
            "float8_e4m3fn" => Self::F8_E4M3,
            "float8_e5m2" => Self::F8_E5M2,
            "float8_e4m3fnuz" => Self::F8_E4M3FNUZ,
            "float8_e5m2fnuz" => Self::F8_E5M2FNUZ,
            "float8_e8m0fnu" => Self::F8_E8M0,
            "complex128" => Self::C128,
            "complex64" => Self::C64,
            "complex32" => Self::C32,
            "int64" => Self::I64,
            "int32" => Self::I32,
            "int16" => Self::I16,
            "int8" => Self::I8,
            "uint64" => Self::U64,
            "uint32" => Self::U32,
            "uint16" => Self::U16,
            "uint8" => Self::U8,
            "bool" => Self::Bool,
            _ => return None,
        })
    }

    /// By PyTorch's storage class: `FloatStorage`.
    pub(super) fn of_storage(class: &str) -> Option<Self> {
        Some(match class.strip_suffix("Storage")? {
            "Double" => Self::F64,
            "Float" => Self::F32,
            "Half" => Self::F16,
            "BFloat16" => Self::BF16,
            "ComplexDouble" => Self::C128,
            "ComplexFloat" => Self::C64,
            "Long" => Self::I64,
            "Int" => Self::I32,
            "Short" => Self::I16,
            "Char" => Self::I8,
            "Byte" => Self::U8,
            "Bool" => Self::Bool,
            "QInt32" => Self::QI32,
            "QInt8" => Self::QI8,
            "QUInt8" => Self::QU8,
            _ => return None,
        })
    }

    /// Bytes of this many elements, packed; nothing where they overflow.
    pub fn bytes(self, elements: u64) -> Option<u64> {
        let (block, bytes) = self.layout();
        let bytes = u128::from(elements) * u128::from(bytes);
        bytes.div_ceil(block.into()).try_into().ok()
    }
}
