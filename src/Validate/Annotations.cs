using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // config.md, "Annotations": keys must not be empty.
    private void Annotations()
    {
        foreach (Pair pair in _config.Annotations ?? [])
        {
            if (pair.Key.IsEmpty)
            {
                Add(new Fault("a key must not be empty")
                {
                    Field = "annotations[\"\"]",
                    Value = Shown(pair.Value),
                    Hint = "name it, or remove it",
                });
            }
            else if (pair.Key.StartsWith("run.oci.s"u8))
            {
                SeccompAnnotation(pair);
                SystemdAnnotation(pair);
            }
            else
            {
                HandlerAnnotation(pair);
            }
        }
    }
}
