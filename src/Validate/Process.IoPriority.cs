using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void IoPriority(IoPriority? priority)
    {
        if (priority is null)
            return;
        if (priority.Class.IndexIn(IoPriorityNames.Classes) < 0)
            Unknown("class", "process.ioPriority.class", priority.Class, IoPriorityNames.Classes);
        if (priority.Priority is < 0 or > 7)
        {
            Add(new Fault("out of range")
            {
                Field = "process.ioPriority.priority",
                Value = priority.Priority.ToString(),
                Hint = "use a number from 0 (most) to 7 (least)",
            });
        }
    }
}
