using System;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // Where crun would start a virtual machine or an interpreter instead of the program, running the program is not what
    // was asked for. Pause containers of Kubernetes are ordinary programs in every case.
    private void HandlerAnnotation(Pair pair)
    {
        if (Asked(pair) && !_config.Annotation("io.kubernetes.cri.container-type"u8).Is("sandbox"u8))
        {
            Refuse(Annotation(
                pair,
                "programs are only executed by the kernel here",
                "remove the annotation, or use a crun that was built with this handler"));
        }
    }

    private bool Asked(Pair pair)
    {
        if (pair.Key.Is("run.oci.handler"u8))
        {
            return IsHandler(pair.Value) || (pair.Value.Is("wasm-smart"u8) && IsWasm());
        }

        // The handler annotation alone decides when both are there.
        if (!pair.Key.Is("module.wasm.image/variant"u8) || !_config.Annotation("run.oci.handler"u8).IsNull)
            return false;
        return pair.Value.Is("compat"u8) || (pair.Value.Is("compat-smart"u8) && IsWasm());
    }

    private static bool IsHandler(Utf8 name) =>
        name.Is("krun"u8) || name.Is("wasm"u8) || name.Is("wasmedge"u8) || name.Is("wasmer"u8) || name.Is("wasmtime"u8)
        || name.Is("wamr"u8) || name.Is("spin"u8) || name.Is("dotnet"u8);

    private bool IsWasm()
    {
        ReadOnlySpan<byte> program = _config.Process?.Args is { Length: > 0 } args ? args[0].Span : default;
        return program.EndsWith(".wasm"u8) || program.EndsWith(".wat"u8);
    }
}
