from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """`{{ form }}` in a template becomes our fields: see FORM_RENDERER in the settings."""

    form_template_name = "web/_form.html"
    field_template_name = "web/_field.html"
