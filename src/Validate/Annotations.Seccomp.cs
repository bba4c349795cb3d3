using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // crun.1: each of them replaces or extends linux.seccomp.
    private void SeccompAnnotation(Pair pair)
    {
        if (pair.Key.Is(SeccompAnnotations.Receiver) && !pair.Value.StartsWith("/"u8))
        {
            Add(Annotation(pair, "the seccomp receiver is not an absolute path", "name a unix stream socket by its absolute path"));
        }
        else if (pair.Key.Is("run.oci.seccomp.plugins"u8) && !pair.Value.IsEmpty)
        {
            Refuse(Annotation(
                pair,
                "a static program cannot load shared libraries",
                "let a program of its own answer, and name its socket in linux.seccomp.listenerPath"));
        }
        else if (pair.Key.Is(SeccompAnnotations.Program) && SeccompAnnotations.Decode(pair.Value) is null)
        {
            Add(Annotation(
                pair,
                "invalid seccomp BPF data",
                "it must be the base64 form of 1 to 4096 struct sock_filter, the last one a return"));
        }
    }

    private static Fault Annotation(Pair pair, string message, string hint) => new(message)
    {
        Field = $"annotations[\"{pair.Key}\"]",
        Value = Shown(pair.Value),
        Hint = hint,
    };
}
